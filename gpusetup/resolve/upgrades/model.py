"""What an environment holds on one side of an upgrade, and what the upgrade is."""

from __future__ import annotations

from typing import Literal

import msgspec

from gpusetup.resolve.model import Change, Stack
from gpusetup.value import Value

Kind = Literal["lost", "driver", "defect", "bits", "code", "fixed"]
"""``lost``: something is not there any more. ``driver``: the host's has to change first. ``defect``: a known defect of
what comes. ``bits``: the same program may compute other bits. ``code``: programs may have to change, or to be compiled
again. ``fixed``: a known defect of what goes."""


class Held(Value):
    """One environment: a Python and its packages by normalised name."""

    name: str
    python: str = ""
    cuda: str = ""
    driver_floor: str = ""
    packages: dict[str, str] = msgspec.field(default_factory=dict)
    whole: bool = False
    """Whether the dependencies are among the packages."""
    asked: tuple[str, ...] = ()
    """Those that somebody asked for by name, as far as that is recorded (PEP 376, REQUESTED)."""


class Side(Value):
    """What there is before an upgrade, or after it: the driver and the environments."""

    driver: str = ""
    environments: tuple[Held, ...] = ()

    def environment(self, name: str) -> Held | None:
        """Return the environment called `name`."""
        return next((one for one in self.environments if one.name == name), None)


class Risk(Value):
    """One thing to know before an upgrade, with where it was read."""

    kind: Kind
    component: str
    """``env torch: nvidia-cudnn-cu13``."""
    text: str
    fact: str = ""
    """The row of the tables that says so; "" where it follows from the two sides alone."""
    sources: tuple[str, ...] = ()


class Upgrade(Value):
    """From what there is to a stack: the changes, the risks worst first."""

    version: Literal[1] = 1
    origin: str
    """What it starts from, in words: a lock's profile, or this machine."""
    changes: tuple[Change, ...]
    risks: tuple[Risk, ...]
    stack: Stack
