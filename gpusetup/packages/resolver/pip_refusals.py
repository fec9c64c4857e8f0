"""Reads what pip says when it refuses. Its text is made for people, so what is not recognised stays `other`.

Source of the forms: pip 26.3 itself, run with ``-vv`` and asked for what cannot be; tests/packages has it refuse
each again.
"""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.packages.model import Clash, Rejection
from gpusetup.packages.resolver.refusals import LAST, bare
from gpusetup.text import neutral

NONE = "ERROR: No matching distribution found for "
VERSIONS = "ERROR: Could not find a version that satisfies the requirement "
SOURCES = "Skipping link: No sources permitted for "
TAGS = "Skipping link: none of the wheel's tags"
ASKED = "The user requested "
NEEDS = " depends on "
FETCH = "Could not fetch URL "


def unreachable(text: str) -> str:
    """Return the address that did not answer, "" where all did: an index that lacks a package has answered."""
    for line in text.splitlines():
        place, _, why = line.strip().removeprefix(FETCH).partition(": ")
        if line.strip().startswith(FETCH) and not why.startswith("404 "):
            return place
    return ""


def read_refusal(text: str) -> Rejection:
    """Return why pip refused."""
    lines = [line.strip() for line in text.splitlines()]
    last = "\n".join(map(neutral, [line for line in lines if line][-LAST:]))
    clashes = tuple(dict.fromkeys(_clashes(lines)))
    for line in lines:
        if line.startswith(NONE):
            return _none(line.removeprefix(NONE), lines, last)
    if clashes:
        names = tuple(dict.fromkeys(bare(one.package) for one in clashes))
        return Rejection(kind="conflict", packages=names, clashes=clashes, text=last)
    return Rejection(kind="other", text=last)


def _none(said: str, lines: list[str], last: str) -> Rejection:
    """Return the refusal of one requirement, ``kernels==2.8 (from uses-kernels)``, for which there is no file."""
    needed, _, by = said.partition(" (from ")
    name = bare(needed)
    clashes = (Clash(package=bare(by.rstrip(")")), needs=needed),) if by else ()
    kept = [line for line in lines if line.startswith(VERSIONS)]
    if any(line.startswith(f"{SOURCES}{name}:") for line in lines):
        return Rejection(kind="source-only", packages=(name,), clashes=clashes, text=last)
    if not any("(from versions: none)" in line for line in kept):
        return Rejection(kind="no-version", packages=(name,), clashes=clashes, text=last)
    other = any(line.startswith(TAGS) and f"/{_file(name)}-" in line for line in lines)
    return Rejection(kind="no-wheel" if other else "not-found", packages=(name,), clashes=clashes, text=last)


def _file(name: str) -> str:
    """Return a name as files have it."""
    return name.replace("-", "_")


def _clashes(lines: list[str]) -> Iterator[Clash]:
    """Yield what depends on what, ``seer 0.3 depends on torch==2.14.0``, and what was asked for."""
    for line in lines:
        subject, found, needs = line.partition(NEEDS)
        if found and subject.count(" ") == 1 and needs:
            yield Clash(package=subject.replace(" ", "=="), needs=needs)
        elif line.startswith(ASKED) and not line.startswith(f"{ASKED}(constraint)"):
            yield Clash(package=line.removeprefix(ASKED), needs=line.removeprefix(ASKED))
