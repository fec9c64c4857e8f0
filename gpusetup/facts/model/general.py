"""Rows that belong to no single component."""

from __future__ import annotations

from gpusetup.facts.model.fact import Fact


class Licence(Fact):
    """The licence of one part of the stack. `checked`: the licence text or tag itself was read."""

    component: str
    licence: str
    spdx: str
    free_software: bool
    redistributable: str
    checked: bool


class Rule(Fact):
    """One fact that is a sentence."""

    topic: str
    fact: str
