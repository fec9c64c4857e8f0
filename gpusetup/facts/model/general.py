"""Rows that belong to no single component."""

from gpusetup.facts.model.fact import Fact


class LicenceRow(Fact):
    """The licence of one part of the stack. `checked`: the licence text or tag itself was read."""

    component: str
    licence: str
    spdx: str
    covers: tuple[str, ...] = ()
    """Which parts of a stack it is for: kind and name, ``pypi/nvidia-*``; of several that match the longest counts."""
    free_software: bool
    redistributable: str
    checked: bool


class Spdx(Fact):
    """One licence that the FSF calls free software or the OSI has approved, by its SPDX identifier."""

    spdx: str
    also: tuple[str, ...] = ()
    """Its names in metadata without SPDX; an unnumbered BSD is free in each of its forms."""


class CompatibilityRule(Fact):
    """One fact that is stated as a sentence."""

    fact: str
