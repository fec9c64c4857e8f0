"""Reads what uv says when it refuses. Its text is made for people, so what is not recognised stays `other`.

Source of the forms: uv 0.13.9 itself, asked for what cannot be; tests/packages has it refuse each again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from gpusetup.packages.model import Clash, Rejection
from gpusetup.text import neutral

LAST = 12
"""Lines of its text that are kept."""
SIGNS = "=<>!~"
VERBS = (["has"], ["have"], ["depends"], ["depend"], ["is"], ["are"], ["was"])
"""What follows the subject of a statement; as slices of the words of a text."""
Kind = Literal["not-found", "source-only", "no-wheel", "no-version"]
FORMS: tuple[tuple[Kind, str, str], ...] = (
    ("not-found", "ecause ", " was not found in the"),
    ("source-only", "Wheels are required for `", "`"),
    ("source-only", "ecause all versions of ", " have no usable wheels"),
    ("no-wheel", "we only found wheels for `", "`"),
    ("no-wheel", "ecause all versions of ", " have no wheels with a matching"),
    ("no-version", "there is no version of ", " "),
    ("no-version", "ecause only ", " is available and you require"),
)
"""The kind of a refusal, and what stands before and after the name of the package that it is about."""
MARKER = r"\{[^{}]*\}"
"""For whom a dependency is, ``triton{python_full_version < '3.13'}==3.1.0``: uv resolves for the target alone."""
URL = ("error sending request for url (", ")")


def read_refusal(text: str) -> Rejection:
    """Return why uv refused. Where packages clash, what it says of wheels is about releases that others rule out."""
    flat = " ".join(re.sub(MARKER, "", text).split()).replace(" one of: ", " ")
    last = "\n".join(map(neutral, text.strip().splitlines()[-LAST:]))
    if index := next(_between(flat, *URL), ""):
        return Rejection(kind="unreachable", index=index, text=last)
    clashes = tuple(dict.fromkeys(_clashes([word.rstrip(",") for word in flat.split(" ")])))
    for kind in ("not-found", "source-only", "no-wheel", "no-version"):
        names = tuple(
            dict.fromkeys(bare(one) for form, *ends in FORMS if form == kind for one in _between(flat, *ends))
        )
        if names and (kind == "not-found" or len(clashes) < 2):
            return Rejection(kind=kind, packages=names, clashes=clashes, text=last)
    if clashes:
        names = tuple(dict.fromkeys(bare(one.package) for one in clashes))
        return Rejection(kind="conflict", packages=names, clashes=clashes, text=last)
    return Rejection(kind="other", text=last)


def _between(text: str, before: str, after: str) -> Iterator[str]:
    """Yield each single word of `text` between two fixed texts."""
    for part in text.split(before)[1:]:
        word, found, _ = part.partition(after)
        if found and word and " " not in word:
            yield word


def _clashes(words: list[str]) -> Iterator[Clash]:
    """Yield what depends on what, and what is required twice, in the order in which it is said."""
    for place in range(1, len(words) - 2):
        if words[place] in ("depends", "depend") and words[place + 1] == "on":
            subject, first = words[place - 1], place + 2
        elif words[place - 1 : place + 1] == ["you", "require"] and words[place + 2] == "and":
            subject, first = words[place + 1], place + 3
        else:
            continue
        yield Clash(package=subject, needs=words[first].rstrip("."))
        also = words[first + 1 : first + 4]
        # after "and" a second need may stand, or a statement of its own: "and numpy<2 has no usable wheels"
        if len(also) > 1 and also[0] == "and" and bare(also[1]) != also[1] and also[2:] not in VERBS:
            yield Clash(package=subject, needs=also[1].rstrip("."))


def bare(requirement: str) -> str:
    """Return the name in a requirement as uv writes it, ``vllm>=0.33.0``."""
    return requirement[: min((at for sign in SIGNS if (at := requirement.find(sign)) >= 0), default=None)]
