"""The lowest driver that runs the programs of a CUDA release, for plans and for the doctor alike."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.fact import Fact


class DriverMinimum(msgspec.Struct, frozen=True):
    """The minimum driver, and the row it is from."""

    driver: str
    row: Fact


@functools.cache
def driver_floor(facts: Facts, release: str) -> DriverMinimum | None:
    """Return the lowest driver for programs of a CUDA release or series; None when the tables do not know it.

    From CUDA 11.1 on every minor version runs on the driver of its major's first release (minor-version compatibility),
    including those newer than the tables. 11.0 and all earlier releases each have their own minimum.
    """
    wanted = cuda(release)
    of_series = [row for row in facts.cuda if row.series == wanted.series]
    major = next((row for row in facts.cuda_major if row.major == wanted.major), None)
    compat = next((row.driver_compat for row in of_series if row.driver_compat), "")
    if compat and major:
        return DriverMinimum(compat, major)
    exact = [row for row in of_series if row.driver_min]
    if exact:
        newest = max(exact, key=lambda row: cuda(row.release))
        return DriverMinimum(newest.driver_min, newest)
    variant = next((row for row in facts.variant if row.cuda == wanted.series), None)
    if variant:
        return DriverMinimum(variant.driver_min, variant)
    return DriverMinimum(major.driver_min, major) if major and major.minor_compat else None
