"""Step by step: the same drawn gradients into every optimiser, and the weights after each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.common.compare import distance
from checks.common.draw import uniform

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.sgd import Backend, Weights
    from checks.sgd.rules import Rule

STEPS = {"quick": 16, "full": 64}
VARIANT_STEPS = 2
VARIANT_ULPS = 12.0
"""Two limits of check.toml at step 2: two implementations, each one limit from the truth."""
WIDTH = 64
# what an optimiser must treat alike or apart: size of the gradients, and whether there is one at every step
_SCALES = {"large": 1.0, "small": 2.0**-12, "tiny": 2.0**-24, "rare": 1.0}
_RARE = 4
"""There is a gradient at every fourth step only, and none before that: 0 / 0 must give 0."""


def record_steps(backend: Backend, rule: Rule, job: Job, record: Recorder) -> None:
    """Record the weights after every step; SGD's own are exact, being sums of multiples of 2^-17 below 2^5."""
    optimiser = backend.Optimiser(rule, draw_start(job.seed), job)
    kind = "exact" if rule.name == "sgd" else "weight"
    for step in range(1, STEPS[job.profile] + 1):
        optimiser.apply(draw_gradients(job.seed, step))
        for name, weight in optimiser.weights().items():
            record.tensor(kind, f"{rule.name} with {name} gradients", weight, step)
        if step == VARIANT_STEPS:
            _check_variants(backend, rule, optimiser.weights(), job, record)


def draw_start(seed: int) -> Weights:
    """Draw one weight of each sort, as large as its gradients will be, so that no update drowns in its weight."""
    return {name: uniform(seed, f"start {name}", (WIDTH,)) * scale for name, scale in _SCALES.items()}


def draw_gradients(seed: int, step: int) -> Weights:
    """Draw the gradients of one step."""
    gradients = {name: uniform(seed, f"step {step} {name}", (WIDTH,)) * scale for name, scale in _SCALES.items()}
    if step % _RARE:
        gradients["rare"] = np.zeros(WIDTH)
    return gradients


def _check_variants(backend: Backend, rule: Rule, expected: Weights, job: Job, record: Recorder) -> None:
    """Hold the framework's other implementations against the one it takes by itself."""
    for variant in backend.variants(rule):
        other = backend.Optimiser(rule, draw_start(job.seed), job, variant)
        for step in range(1, VARIANT_STEPS + 1):
            other.apply(draw_gradients(job.seed, step))
        weights = other.weights()
        apart = {name: distance(weights[name], expected[name])["ulps"] for name in expected}
        worst = max(apart, key=lambda name: np.inf if apart[name] is None else apart[name])
        holds = apart[worst] is not None and apart[worst] <= VARIANT_ULPS
        detail = f"{apart[worst]} ulps with {worst} gradients, allowed {VARIANT_ULPS:g}"
        record.invariant(f"{rule.name}, {variant}, is the same rule", holds, detail)
