"""The names of GPUs as sets of words: which words distinguish GPUs, and which may be omitted."""

from __future__ import annotations

import re
from functools import cache

MOBILE = {"laptop", "mobile", "notebook", "design"}  # "with Max-Q Design" is how NVML names thin laptops
SILENT = {"nvidia", "geforce", "tesla", "gpu", "graphics", "with", "corporation", "generation", "edition"}
SERIES = {"gt", "gtx", "rtx", "quadro", "pro"}
"""What people omit (``4090``): all of it or nothing, since a Quadro 4000 is not a Quadro RTX 4000."""
GENERATIONS = {"ada", "blackwell", "pascal", "maxwell", "kepler"}
EQUIPMENT = r"\d+gb?|(hbm)?\d\w?|sxm\d?|pcie|nvl\d*|v\d|ac|lc"
"""Memory, form factor, cooling: what distinguishes boards of one chip."""
RUN_TOGETHER = r"(?<=\bgtx)(?=\d)|(?<=\brtx)(?=\d)|(?<=\bgt)(?=\d)|(?<=\d)(?=ti\b|super\b)"
NEAR = 6


@cache
def words(name: str) -> frozenset[str]:
    """Return the words that distinguish GPUs, in lower case; every word for laptops becomes ``laptop``."""
    small = name.lower().replace("max-q design", "design").replace("max-q workstation", "maxq workstation")
    apart = re.sub(RUN_TOGETHER, " ", re.sub(r"(?<=\d) gb\b", "gb", small.replace("max-q", "laptop")))
    found = re.findall(r"[a-z]*[0-9]+[a-z]*|[a-z]+", apart)
    return frozenset("laptop" if word in MOBILE else word for word in found if word not in SILENT)


def plain(asked: frozenset[str]) -> frozenset[str]:
    """Return the words without those for memory and bus."""
    return frozenset(word for word in asked if not re.fullmatch(EQUIPMENT, word))


def alternatives(name: str) -> tuple[str, ...]:
    """Return `name`, and those that one with a slash or brackets stands for.

    ``Quadro RTX 8000/6000`` is two; a ``GB10 (DGX Spark)`` is called by either name, a ``TITAN X (Pascal)`` is not.
    """
    before, _, last = name.rpartition(" ")
    inside = re.search(r"\(([A-Z]\w* \w+)\)", name)
    bracketed = (name[: inside.start()].strip(), inside[1]) if inside else ()
    return name, *bracketed, *(f"{before} {one}" for one in last.split("/") if "/" in last)


def left_out(asked: frozenset[str], whole: frozenset[str]) -> frozenset[str] | None:
    """Return which words of `whole` are not in `asked`, without equipment; None where more than the usual ones are.

    The usual ones are the series, the generation, and that it is for laptops.
    """
    left = plain(whole - asked)
    return left if asked <= whole and left <= SERIES | GENERATIONS | {"laptop"} else None
