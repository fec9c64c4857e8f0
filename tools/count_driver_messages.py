"""Counts, per driver branch, on how many of the messages that it can print the doctor says something of its own.

    python -m tools.count_driver_messages [--left]

*judged*: a row of ``judged.json`` says what the message means. *ordinary*: healthy machines have it as well. *by part*:
it is shown as unexplained, with the part of the driver that prints it and its source file; *unexplained*: with the
source file alone. ``--left`` prints what no row judges, by file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import gpusetup.doctor.messages as package
from gpusetup.doctor.messages.part import part_of
from gpusetup.doctor.messages.rows import companions, fits, ordinary, rows

KINDS = ("judged", "ordinary", "by part", "unexplained")


class Counted(NamedTuple):
    """One format of the driver's source, and what the doctor makes of it."""

    kind: str
    file: str
    text: str
    level: str
    first: int
    last: int


def counted() -> Iterator[Counted]:
    """Yield every derived format with its kind."""
    table = json.loads((Path(package.__path__[0]) / "formats.json").read_text())
    table.pop("")
    for file, some in table.items():
        for text, level, first, last in some:
            yield Counted(_kind(file, text.lower()), file, text, level, first, last)


def _kind(file: str, small: str) -> str:
    if any(one in small for one in ordinary()):
        return "ordinary"
    if small.startswith(("xid: ", "sxid: ")):
        return "judged"  # by its number
    if file.startswith(("nvkms", "nvidia-drm")):
        return "judged"  # by what stands before each error of the display modules (LOG210)
    if any(fits(small, parts) for row in rows() for parts in row.parts):
        return "judged"
    if any(one in f": {small}" for one in companions()):
        return "ordinary"
    return "by part" if part_of("", file) else "unexplained"


def branches() -> list[int]:
    """Return the branches that the table was derived from."""
    table = json.loads((Path(package.__path__[0]) / "formats.json").read_text())
    return sorted(int(tag.partition(".")[0]) for tag in table[""])


def main() -> None:
    """Print one line for each branch, and one for all of them together."""
    found = list(counted())
    errors = [one for one in found if one.level == "error"]
    if "--left" in sys.argv[1:]:
        left = [one for one in errors if one.kind not in {"judged", "ordinary"}]
        print("\n".join(f"{one.file}: {one.text}" for one in left))
        return
    print(f"{'branch':>8} {'errors':>7} " + " ".join(f"{kind:>11}" for kind in KINDS))
    for branch in [*branches(), 0]:
        some = [one for one in errors if not branch or one.first <= branch <= one.last]
        count = Counter(one.kind for one in some)
        print(f"{branch or 'all':>8} {len(some):>7} " + " ".join(f"{count[kind]:>11}" for kind in KINDS))


if __name__ == "__main__":
    main()
