"""The lowest driver that runs what a wheel, an image or a program brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.cards import cite
from gpusetup.value import Value
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts


class Floor(Value):
    """The lowest driver, and how we know."""

    driver: str
    known_by: str


def floor_of(series: str, facts: Facts) -> Floor | None:
    """Return the lowest driver for programs of a CUDA series, None when the tables do not know it.

    From CUDA 11 on every minor runs on the driver of its major's first (minor-version compatibility); before, each
    series has its own.
    """
    major = next((row for row in facts.cuda_major if row.major == cuda(series).major), None)
    if major and major.minor_compat:
        says = f"programs of CUDA {major.major} run on driver {major.driver_min} and newer"
        return Floor(driver=major.driver_min, known_by=cite(major, says))
    rows = [row for row in facts.cuda if row.series == series and row.driver_min]
    if not rows:
        return None
    newest = max(rows, key=lambda row: cuda(row.release))
    return Floor(driver=newest.driver_min, known_by=cite(newest, f"CUDA {newest.release} needs {newest.driver_min}"))
