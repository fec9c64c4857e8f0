"""A user's model beside itself in float64: what float32 loses of its outputs, loss and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.training_recipe.sanity import NOT_CHECKED

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.training_recipe import OwnSubject, Subject

_NAME = "float32 loses nothing that float64 keeps"
_ROUNDINGS, _ROUNDED = 2048, 32
"""Of outputs and loss, as between two orders of computation: half precision loses ten times that, TF32 twice it."""
_SLOPES = 2.0**-7
"""Of all gradients together (Euclidean norm). A corner, as of ReLU, that a rounding crosses changes a few of them."""

Array = NDArray[np.floating]


class Seen(NamedTuple):
    """What a model gives for its batch in evaluation mode; a gradient is None where none reaches the weight."""

    outputs: Array
    loss: float
    gradients: Mapping[str, Array | None]


def seen(subject: Subject) -> Seen:
    """Return what the subject gives, as it is."""
    return Seen(subject.outputs(), subject.loss(), subject.gradients())


def check_wide(subject: OwnSubject, build: Callable[[], object], job: Job, record: Recorder) -> None:
    """Build the model again in float64, give it the subject's weights, and compare."""
    if job.precision != "float32":
        record.observe(NOT_CHECKED, _NAME, f"the run is in {job.precision}")
        return
    try:
        wide = subject.in_float64(build, job)
    except Exception as error:  # whatever a user's code raises where it has float32 written into it
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        record.observe(NOT_CHECKED, _NAME, f"the model does not run in float64: {type(error).__name__}: {reason}")
        return
    if wide.outputs.dtype != np.float64:
        record.observe(NOT_CHECKED, _NAME, f"given float64, the model answers in {wide.outputs.dtype}")
        return
    _compare(seen(subject), wide, job.rounding(_ROUNDINGS, _ROUNDED), record)


def _compare(narrow: Seen, wide: Seen, allowed: float, record: Recorder) -> None:
    scale = float(np.abs(wide.outputs).max(initial=0.0))
    lost = {
        "outputs": (_apart(narrow.outputs, wide.outputs) / (scale or 1.0), allowed),
        # a loss near 0 is the difference of numbers as large as the outputs
        "the loss": (abs(narrow.loss - wide.loss) / (max(abs(wide.loss), scale) or 1.0), allowed),
        "gradients": (_slopes_apart(narrow.gradients, wide.gradients), _SLOPES),
    }
    detail = "; ".join(f"{name} {apart:.1e} apart, allowed {most:.1e}" for name, (apart, most) in lost.items())
    record.invariant(_NAME, all(apart <= most for apart, most in lost.values()), f"relative: {detail}")


def _apart(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max(initial=0.0)) if one.shape == other.shape else float("inf")


def _slopes_apart(narrow: Mapping[str, Array | None], wide: Mapping[str, Array | None]) -> float:
    """Return the norm of the difference of all gradients, as a share of that of all; Keras may name weights anew."""
    one, other = _flat(narrow.values()), _flat(wide.values())
    if one.shape != other.shape:
        return float("inf")
    return float(np.linalg.norm(one - other) / (np.linalg.norm(other) or 1.0))


def _flat(gradients: Iterable[Any]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *(np.asarray(one, np.float64).ravel() for one in gradients if one is not None)])
