"""What is worked out once for each machine, however many rules and subjects ask for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

T = TypeVar("T")
_kept: dict[Callable[..., object], tuple[Machine, object]] = {}


def once(build: Callable[[Machine], T]) -> Callable[[Machine], T]:
    """Make `build` work out its value once for a machine; that of the last machine is kept, nothing that it raises."""

    @functools.wraps(build)
    def kept(machine: Machine) -> T:
        known = _kept.get(build)
        if known is None or known[0] is not machine:
            known = _kept[build] = (machine, build(machine))
        return known[1]  # type: ignore[return-value]

    return kept


def forget() -> None:
    """Work everything out anew at the next question."""
    _kept.clear()
