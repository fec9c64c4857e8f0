"""What an optimiser costs: time per weight and step, in every implementation the framework has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.common.draw import uniform

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.sgd import Backend
    from checks.sgd.rules import Rule

SIZE, STEPS = 2**22, 20


def measure_speed(backend: Backend, rule: Rule, job: Job, record: Recorder) -> None:
    """Record figures, which nothing judges."""
    start, gradients = ({"weight": uniform(job.seed, what, (SIZE,))} for what in ("speed start", "speed gradients"))
    for variant in ("", *backend.variants(rule)):
        optimiser = backend.Optimiser(rule, start, job, variant)
        optimiser.apply(gradients)  # makes what it remembers
        name = f"{rule.name} {variant}".strip()
        record.measure(f"{name}: ns per weight and step", optimiser.seconds(gradients, STEPS) / SIZE * 1e9)
