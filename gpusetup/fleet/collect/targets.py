"""Which hosts are asked: named one by one, by ranges as Slurm writes them, or in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.fleet.collect.model import Target
from gpusetup.fleet.inventory import MOST_HOSTS, expanded
from gpusetup.text import neutral

_FORM = re.compile(
    r"(?:(?P<user>[A-Za-z0-9._-]+)@)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_ADVICE = "write HOST, USER@HOST or USER@HOST:PORT, with ranges as in node[001-128]"


def targets(words: Iterable[str], file: Path | None = None) -> tuple[Target, ...]:
    """Return the hosts of the command line and of `file`, which has one on each line (``#`` begins a comment).

    Raises `WrongInputError` for what is no host, for a host that is named twice, and where there is none.
    """
    found: dict[str, Target] = {}
    for text in (*words, *(_lines(file) if file is not None else ())):
        for one in map(_target, _ranges(text)):
            if one.name in found:
                raise WrongInputError(f"the host {one.name} is named twice", "each host is asked once")
            if len(found) >= MOST_HOSTS:
                raise WrongInputError(f"more than {MOST_HOSTS:,} hosts are named", "ask them in parts")
            found[one.name] = one
    if not found:
        raise WrongInputError("no host is named", _ADVICE)
    return tuple(found.values())


def _ranges(text: str) -> Iterable[str]:
    """Expand ranges; an IPv6 address in brackets is none."""
    return [text] if re.search(r"\[[0-9A-Fa-f:.]*:", text) else expanded(text)


def _lines(file: Path) -> Iterator[str]:
    for line in read(file, "the list of hosts").decode(errors="replace").splitlines():
        if text := line.partition("#")[0].strip():
            yield text


def _target(text: str) -> Target:
    parts = _FORM.fullmatch(text)
    if parts is None or parts["host"].startswith("-") or int(parts["port"] or 0) > 65535:
        raise WrongInputError(f"{neutral(text)} is no host", _ADVICE)
    address = parts["host"].strip("[]")
    return Target(address, address, parts["user"] or "", int(parts["port"] or 0))
