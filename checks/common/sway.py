"""What a tensor is known by: how far the reference itself moves when its numbers are rounded more coarsely.

After Monte Carlo arithmetic (Parker, Pierce and Eggert 2000, https://doi.org/10.1109/5992.852391): the reference is run
again as twins, whose weights at the start, and inputs and slopes at every step, are multiplied by 1 ± `KICK`, each
element with a sign of its own; for what is rounded whenever a weight is stored, limits grow with the steps. By as much
as a twin's tensor moves, so many `KICK`s of some magnitude were added up on the way to it: that magnitude is the
tensor's unit (`Recorder.tensor`). Where nothing cancels it is about that of the tensor itself. It is larger where a sum
has cancelled whole; after steps of Adam, which divide by the size of a slope and so pass on the relative error of one
that has cancelled; and where a rounding may cross a corner of ReLU.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.record import Recorder

KICK = 2.0**-22
"""4 spacings of float32, some four times what a sum is off by: a corner that a rounding may cross is crossed. Where one
is, a tensor moves as far for a small kick as for a large one, so that a large one would be taken for a small unit."""
PAIRS = 4
"""Both twins of a pair get opposite signs: one of them comes to the other side of a corner, unless its sum moves by
less than the rounding does, as one pair in 6 does, and all of them one time in 1,700."""

Array = NDArray[Any]
Key = TypeVar("Key")
T = TypeVar("T")


@runtime_checkable
class Twinned(Protocol):
    """A model of the reference; those of frameworks have no twins, for units are the reference's alone."""

    def twins(self) -> Sequence[Any]:
        """Return twins of it as it is now: the same class, with `Kicks`."""


class Weighed(Protocol):
    """Whatever has weights."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""


def twins(model: T, kick: Callable[[T, Kicks], None]) -> list[T]:
    """Return copies of a reference's model, each given its `Kicks` by `kick`."""
    made = []
    for kicks in every():
        made.append(deepcopy(model))
        kick(made[-1], kicks)
    return made


def twins_of(model: T) -> Sequence[T]:
    """Return the twins of a reference's model, and none of a framework's."""
    return model.twins() if isinstance(model, Twinned) else ()


class Kicks:
    """The signs of one twin of a pair; the same ones whenever they are made."""

    def __init__(self, pair: int, sign: float) -> None:
        self._drawn, self._sign = np.random.Generator(np.random.Philox(key=pair)), sign

    def __call__(self, value: Array) -> Array:
        """Return `value` with every element moved by `KICK` of its size; integers as they are."""
        value = np.asarray(value)
        if value.dtype.kind != "f":
            return value
        signs = self._drawn.integers(0, 2, value.shape) * 2.0 - 1.0
        kicked: Array = value * (1.0 + self._sign * KICK * signs)
        return kicked

    def all(self, values: Mapping[Key, Array]) -> dict[Key, Array]:
        """Return a mapping with every value kicked."""
        return {name: self(value) for name, value in values.items()}


def every() -> list[Kicks]:
    """Return the kicks of all twins."""
    return [Kicks(pair, sign) for pair, sign in itertools.product(range(PAIRS), (1.0, -1.0))]


def unit(value: Any, twins: Sequence[Any]) -> float:
    """Return the magnitude of what was added up to `value`, from what the twins have in its place; 0 without twins."""
    with np.errstate(invalid="ignore"):
        moved = [np.abs(np.asarray(one, np.float64) - np.asarray(value, np.float64)).max(initial=0.0) for one in twins]
    return float(max(moved, default=0.0)) / KICK


def record_weights(
    training: Weighed, twins: Sequence[Weighed], record: Recorder, step: int = 0, title: str = ""
) -> None:
    """Record all weights as they are after `step`."""
    swayed = [twin.weights() for twin in twins]
    for name, weight in training.weights().items():
        record.tensor("weight", f"{title}{name}", weight, step, unit(weight, [theirs[name] for theirs in swayed]))
