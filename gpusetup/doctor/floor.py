"""The lowest driver that runs what a wheel, an image or a program brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.cards import cite
from gpusetup.facts.floor import driver_floor
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts import Facts


class Floor(Value):
    """The lowest driver, and how we know."""

    driver: str
    known_by: str


def floor_of(series: str, facts: Facts) -> Floor | None:
    """Return the lowest driver for programs of a CUDA series, None when the tables do not know it."""
    found = driver_floor(facts, series)
    if found is None:
        return None
    says = f"programs of CUDA {series} run on driver {found.driver} and newer"
    return Floor(driver=found.driver, known_by=cite(found.row, says))
