"""Constraints on the rows about wheels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction

MAKES_ENVIRONMENTS = ("pip",)
"""Wheels of no release that a stack chooses."""


def wheels_belong_to_releases(facts: Facts) -> Iterator[Contradiction]:
    """Demand that the release of a wheel has a row, which knows its Python."""
    known = {
        **{("torch", row.release): row.python for row in facts.torch},
        **{
            (package, row.release): row.python for row in facts.tensorflow for package in (row.package, row.cpu_package)
        },
        **{(package, row.version): () for row in facts.cudnn for package in row.pip},
        **{
            (pin.partition("==")[0], pin.partition("==")[2]): row.python for row in facts.tensorflow for pin in row.pins
        },
    }
    for wheel in (one for one in facts.wheel if one.package not in MAKES_ENVIRONMENTS):
        pythons = known.get((wheel.package, wheel.release))
        if pythons is None:
            yield Contradiction(row=wheel.id, text=f"is a wheel of {wheel.package} {wheel.release}, which has no row")
        elif wheel.python and wheel.python not in pythons:
            yield Contradiction(row=wheel.id, text=f"is for Python {wheel.python}, which the row of its release lacks")


def wheels_are_named_as_they_are(facts: Facts) -> Iterator[Contradiction]:
    """Demand that the name of a file says package, release, Python and machine, and that one place has one file."""
    places = Counter((row.package, row.release, row.python, row.machine) for row in facts.wheel)
    hashes = Counter(row.sha256 for row in facts.wheel)
    for row in facts.wheel:
        words = row.file.split("-")  # name, release, perhaps a build number, Python, ABI, platform
        if len(words) < 5:
            yield Contradiction(row=row.id, text=f"has the file {row.file}, which is not a wheel")
            continue
        wanted = f"cp{row.python.replace('.', '')}" if row.python else "py3"
        says = (words[0].replace("_", "-"), words[1], words[-3])
        if says != (row.package, row.release, wanted) or not row.file.endswith((f"_{row.machine}.whl", "-any.whl")):
            yield Contradiction(row=row.id, text=f"has the file {row.file}, which belongs to another row")
        if places[row.package, row.release, row.python, row.machine] > 1:
            yield Contradiction(row=row.id, text="has a second row for the same package, release, Python and machine")
        if hashes[row.sha256] > 1:
            yield Contradiction(row=row.id, text="has the SHA-256 of another file")
