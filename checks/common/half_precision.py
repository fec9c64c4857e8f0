"""Invariants of training with products in half precision: weights are kept wider, and overflow is handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.record import Recorder

OVERFLOWING = 2.0**30
"""Times an output layer that float16 can hold: scores beyond it."""
_DIGITS = 11  # of float16; bfloat16 has fewer


class Trained(Protocol):
    """The part of a model that these invariants need."""

    def step(self, batch: Any) -> float: ...
    def weights(self) -> dict[str, NDArray[Any]]: ...


def check_kept(weight: NDArray[Any], record: Recorder) -> None:
    """Look at the bits of a trained weight: one kept in half precision has no more than 11, and loses small updates."""
    digits = np.frexp(weight.astype(np.float64))[0] * 2**_DIGITS
    short = float(np.mean(digits == np.rint(digits)))
    record.invariant("weights are kept wider than half precision", short < 0.5, f"{short:.1%} have {_DIGITS} bits")


def check_overflow(model: Trained, batch: Any, record: Recorder) -> None:
    """Make a step whose scores overflow: it must be left out, for what it would leave behind is NaN."""
    before = model.weights()
    model.step(batch)
    after = model.weights()
    moved = [name for name in before if not np.array_equal(before[name], after[name])]
    record.invariant("a step that overflows is left out", not moved, f"moved: {', '.join(moved) or 'nothing'}")
