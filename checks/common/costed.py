"""What `checks/cost` trains of a check: its weights, and how any backend makes a step with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Trained(NamedTuple):
    """A model in training: what makes step number 0, 1, … and returns the loss before it, and its weights."""

    step: Callable[[int], float]
    weights: Callable[[], Mapping[str, NDArray[Any]]]


class Costed(NamedTuple):
    """What ``costed(job)`` of a check returns; every check that trains a model may have this function.

    `weights` are those at the start, `train` makes the model with them from a backend's module.
    """

    weights: Mapping[str, Any]
    train: Callable[[Any, Any], Trained]
    falls: bool = True
    """Whether the loss falls from the first steps on; that of two opponents need not."""
