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
    took = []
    start, gradients = ({"weight": uniform(job.seed, what, (SIZE,))} for what in ("speed start", "speed gradients"))
    for variant in ("", *backend.variants(rule)):
        optimiser = backend.Optimiser(rule, start, job, variant)
        optimiser.apply(gradients)  # makes what it remembers
        nanoseconds = optimiser.seconds(gradients, STEPS) / SIZE * 1e9
        record.measure(f"{rule.name} {variant or 'as it comes'}: ns per weight and step", nanoseconds)
        took.append(f"{variant or 'as it comes'} {nanoseconds:.2f}")
    memory = optimiser.state_bytes() / SIZE
    text = f"ns per weight: {', '.join(took)}; remembers {memory:.1f} bytes of each"
    record.observe("cost of a step", rule.name, text)
