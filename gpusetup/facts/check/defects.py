"""Constraints on the rows about known defects."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.versions import capability, dotted, specifier


def defects_have_a_range(facts: Facts) -> Iterator[Contradiction]:
    """Demand that no range of releases or capabilities runs backwards, and that versions parse."""
    for row in facts.defect:
        try:
            backwards = dotted(row.first) > dotted(row.last) and not row.first.startswith(f"{row.last}.")
            low, high = capability(row.cc_first or "0.0"), capability(row.cc_last or "99.0")
            specifier(row.beside.lstrip("abcdefghijklmnopqrstuvwxyz-0123456789"))
        except WrongInputError as error:
            yield Contradiction(row=row.id, text=error.message)
            continue
        if backwards or low > high:
            yield Contradiction(row=row.id, text="has a range that runs backwards")


def defects_are_of_known_releases(facts: Facts) -> Iterator[Contradiction]:
    """Demand that the ends of a range are releases that the tables have, where they have that package's releases."""
    known = {
        "torch": {row.release for row in facts.torch},
        "tensorflow": {row.release for row in facts.tensorflow},
    }
    for row in facts.defect:
        for text in {row.first, row.last} - known.get(row.package, {row.first, row.last}):
            yield Contradiction(row=row.id, text=f"names {row.package} {text}, which has no row")


def refusals_can_be_decided(facts: Facts) -> Iterator[Contradiction]:
    """Demand that what refuses a release depends on nothing that a plan does not know when it chooses one."""
    for row in facts.defect:
        if row.refuses and (row.gpus > 1 or row.variable or row.arch):
            yield Contradiction(row=row.id, text="refuses by a number of GPUs, a variable or a processor")
