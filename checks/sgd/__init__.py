"""Eight optimisers, each against its published rule: step by step, on Himmelblau's function, on names, and timed.

A backend brings its framework's own optimisers as `Optimiser`, fed with drawn gradients, and as `Training`, where the
framework differentiates an objective. What frameworks write differently is settled so: all hyper-parameters
are exact in binary; every accumulator starts at zero (Keras would start Adagrad's at 0.1); ε is too small to matter
(`rules.py`) and its place is looked at apart (`conventions.py`), as is what a change of rate does to velocity; the rate
stays constant, under which Keras's velocity (-ηv) and PyTorch's (v) mean the same; AdamW's decay is decoupled and
multiplied by the rate, as both do; Nesterov's momentum is the form that is evaluated at the present weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.sgd.boundary import BOUNDS, check_boundary
from checks.sgd.conventions import check_conventions
from checks.sgd.names import count_letters, train_on_names
from checks.sgd.rules import RULES, Rule
from checks.sgd.speed import measure_speed
from checks.sgd.stepwise import record_steps
from checks.sgd.valleys import STARTS, record_valleys

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Weights = dict[str, NDArray[Any]]


class Optimiser(Protocol):
    """A framework's own optimiser over named weights."""

    def __init__(self, rule: Rule, start: Weights, job: Job, variant: str = "") -> None: ...
    def restart(self, start: Weights, rate: float) -> None:
        """Start again from `start` with another rate and nothing remembered."""

    def set_rate(self, rate: float) -> None:
        """Go on with another rate."""

    def apply(self, gradients: Weights) -> None:
        """Make one step with these gradients."""

    def weights(self) -> Weights:
        """Return the weights as they are."""


class TimedOptimiser(Optimiser, Protocol):
    """What a framework's optimiser offers besides, and the reference need not."""

    def seconds(self, gradients: Weights, steps: int) -> float:
        """Return how long one step takes, over `steps` of them, without copying gradients to the device."""

    def state_bytes(self) -> int:
        """Return how much the optimiser remembers."""


class Training(Optimiser, Protocol):
    """An optimiser at work on the objective ``himmelblau`` or ``regression``."""

    def __init__(self, objective: str, rule: Rule, start: Weights, job: Job) -> None: ...
    def step(self, *batch: NDArray[Any]) -> float:
        """Make one step and return the loss before it."""


class Backend(Protocol):
    """A backend's module. `CONVENTIONS` says where the framework's documentation places what others place elsewhere."""

    Optimiser: type[TimedOptimiser]
    Training: type[Training]
    CONVENTIONS: dict[str, str]
    variants: Callable[[Rule], tuple[str, ...]]


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Take every optimiser through all parts; the speed only when there is time."""
    names = count_letters(job)
    for done, rule in enumerate(RULES):
        record.progress(done, len(RULES))
        record_steps(backend, rule, job, record)
        training = backend.Training("himmelblau", rule, {"points": np.zeros((STARTS[job.profile], 2))}, job)
        record_valleys(training, rule, job, record)
        if rule.name in BOUNDS:
            check_boundary(training, rule, record)
        train_on_names(backend, rule, names, job, record)
        if job.profile == "full" and job.framework != "reference" and job.round == 1:  # a figure, which nothing judges
            measure_speed(backend, rule, job, record)
    check_conventions(backend, job, record)
    record.progress(len(RULES), len(RULES))
