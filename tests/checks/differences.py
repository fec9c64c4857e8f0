"""Gradients of a reference against differences of its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

STEP = 1e-6


def check_slopes(
    gradients: Mapping[str, Any], weights: dict[str, Any], loss: Callable[[Any], float], rel: float
) -> None:
    """Move the number of each weight that has the largest slope, up and down, and compare how the loss of it moves."""
    assert gradients
    for name, slope in gradients.items():
        place = np.unravel_index(int(np.abs(slope).argmax()), slope.shape)
        either = []
        for step in (STEP, -STEP):
            moved = weights[name].copy()
            moved[place] += step
            either.append(loss(weights | {name: moved}))
        assert (either[0] - either[1]) / (2 * STEP) == pytest.approx(slope[place], rel=rel), name
