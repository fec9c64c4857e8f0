"""Gradients of parts of a batch against those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.common.record import Recorder
    from checks.training_recipe import Subject

_NAME = "accumulated gradients are those of the large batch"
Array = NDArray[np.float64]


def check_accumulation(subject: Subject, allowed: float, record: Recorder) -> None:
    """Add the gradients of two parts, by the weights that fit best, and compare with the whole batch's.

    A mean over rows fits with the shares of the rows, a sum with 1 and 1. Others fit where a loss counts something else
    than rows, such as the letters that are no padding: it can be accumulated, but not by the shares of the rows. Where
    none fit, the loss of a row depends on other rows.
    """
    count = len(subject.inputs)
    if not subject.independent or count < 3:
        why = "the batch has fewer than three rows" if subject.independent else "rows depend on each other"
        record.observe("not checked", _NAME, why)
        return
    cut = count // 2
    parts = [_flat(subject.gradients(rows)) for rows in (np.arange(cut), np.arange(cut, count))]
    whole = _flat(subject.gradients())
    weights, *_ = np.linalg.lstsq(np.stack(parts, axis=1), whole, rcond=None)
    apart = float(np.abs(parts[0] * weights[0] + parts[1] * weights[1] - whole).max(initial=0.0))
    most = allowed * float(np.abs(whole).max(initial=0.0))
    detail = f"{apart:.2g} apart, allowed {most:.2g}, {_meaning(weights, cut / count)}"
    record.invariant(_NAME, bool((weights > 0).all()) and apart <= most, detail)


def _meaning(weights: NDArray[np.floating], share: float) -> str:
    """Say what the loss is a mean or a sum of."""
    close = 1e-3
    if np.allclose(weights, (share, 1 - share), atol=close):
        return "the loss is a mean over the rows"
    if np.allclose(weights, 1, atol=close):
        return "the loss is a sum over the rows"
    return f"the parts count {weights[0]:.3f} and {weights[1]:.3f}, which are not their shares of the rows"


def _flat(gradients: Mapping[str, NDArray[np.floating] | None]) -> Array:
    return np.concatenate([np.asarray(one, np.float64).reshape(-1) for one in gradients.values() if one is not None])
