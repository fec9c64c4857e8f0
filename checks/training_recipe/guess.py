"""How outputs and targets belong together, where the targets are classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def classes(outputs: Array, targets: NDArray[Any]) -> int:
    """Return how many classes the outputs choose between, 0 where the targets are none."""
    axis = _axis(outputs, targets)
    return 2 if _binary(outputs, targets) else 0 if axis is None else outputs.shape[axis]


def right(outputs: Array, targets: NDArray[Any]) -> float | None:
    """Return the share of targets that the outputs name; None where these are no classes."""
    axis = _axis(outputs, targets)
    if axis is None or _binary(outputs, targets):
        return None
    truth = targets.argmax(axis=-1) if targets.shape == outputs.shape else targets
    asked = truth >= 0  # negative ones are left out, such as -100 of PyTorch's cross-entropy
    return float(np.mean(outputs.argmax(axis=axis)[asked] == truth[asked])) if asked.any() else None


def _axis(outputs: Array, targets: NDArray[Any]) -> int | None:
    """Return the axis of the classes: last in Keras and JAX, the second in PyTorch's cross-entropy."""
    if targets.shape == outputs.shape and outputs.ndim > 1 and outputs.shape[-1] > 1 and _one_hot(targets):
        return -1
    if not np.issubdtype(targets.dtype, np.integer) or outputs.ndim != targets.ndim + 1:
        return None
    for axis in (-1, 1):
        rest = list(outputs.shape)
        count = rest.pop(axis)
        if tuple(rest) == targets.shape and count > max(1, int(targets.max(initial=0))):
            return axis
    return None


def _one_hot(targets: NDArray[Any]) -> bool:
    return bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=-1) == 1).all())


def _binary(outputs: Array, targets: NDArray[Any]) -> bool:
    """Return whether one output per row says yes or no."""
    return outputs.size == targets.size == len(outputs) and bool(np.isin(targets, (0, 1)).all())
