"""`Rollout`: which hosts get which recipe, in which waves, and which get none and why."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value


class RolloutGroup(Value, omit_defaults=True):
    """Hosts for which the same recipe is right."""

    name: str
    """``group_1``: of letters and digits alone, since Ansible reads it."""
    hosts: tuple[str, ...]
    what: str
    """What its hosts are, for people: the system and the cards."""
    stack: tuple[str, ...]
    """What the recipe installs, one line per component."""
    script: str
    """The recipe's file, beside the playbook."""
    sha256: str
    notes: tuple[str, ...] = ()


class LeftOut(Value):
    """A host that gets nothing, and why."""

    host: str
    why: str


class Rollout(Value, omit_defaults=True):
    """A plan for many hosts."""

    version: Literal[1] = 1
    gpusetup: str
    made_at: str
    waves: tuple[str, ...]
    """Hosts at a time, one wave after the other: numbers or percentages; the first is the canary."""
    groups: tuple[RolloutGroup, ...]
    left_out: tuple[LeftOut, ...] = ()
