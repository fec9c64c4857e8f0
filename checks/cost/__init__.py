"""What training costs: parameters, operations, bytes and energy, per step and per unit of loss, against a ceiling.

Every check that trains a model says so by a function ``costed(job)`` (`checks/common/costed.py`), and is trained here
on one batch. Its floating-point operations are counted in the products of the float64 reference (`products.py`). A
framework's own counter is held against that where the model has no loop, in `boundary`, for counters differ in what
they count: PyTorch's FlopCounterMode matrix products alone; TensorFlow's profiler and XLA's cost analysis every
element's operation too, and a loop's body once.

The ceiling is what a large product of matrices reaches in the same framework, on the same device and threads, right
before and right after. What is achieved above it would be counted or timed wrongly. The engine adds the share of what
the card's datasheet states (`gpusetup/selftest/datasheet.py`). Energy is what the device's own counter says (NVML,
RAPL), of everything that runs on it meanwhile; without a counter it is absent.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from checks.common.readings import Gauge
from checks.cost.products import count
from checks.cost.workloads import workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.common.costed import Costed, Trained
    from checks.common.job import Job
    from checks.common.record import Recorder

STEPS = {"quick": 16, "full": 96}
CEILING_SIDE = {"cpu": 768, "gpu": 8192}
CEILING_SECONDS = 0.25
SLACK = 1.25
"""A ceiling that is measured on a busy machine is too low by some, and small products may stay in a cache."""
ELEMENTWISE = 1.25
"""Where elements' operations count too: 512 × 65 activations and 1,185 weights under Adam, some 20 each at most."""
_ENERGY = "energy (J)"


class Backend(Protocol):
    """A backend's module."""

    COUNTS: str
    """``products``, or ``everything``: what the framework's own counter counts."""

    def counted(self, job: Job) -> float:
        """Return the operations of a step of the network of `boundary` by the framework's own counter."""

    def product(self, side: int, job: Job) -> Callable[[], object]:
        """Return what multiplies two matrices once and waits for the result."""

    def peak(self, job: Job) -> float:
        """Return the most memory that was held so far, in bytes, on a GPU by the framework, else by the process."""


class Cost(NamedTuple):
    """What a workload is charged for: its parameters, the operations of a step; and whether its loss must fall."""

    name: str
    parameters: int
    flops: int
    falls: bool = True


class Bill(NamedTuple):
    """What so many steps took, and the loss before and after them."""

    steps: int
    seconds: float
    joules: float | None
    losses: tuple[float, float]


def prove(backend: Any, job: Job, record: Recorder) -> None:
    """Count, train and measure."""
    given, flops = workloads(job), dict[str, int]()
    for name, costed in given.items():
        flops[name] = count(costed, importlib.import_module(f"checks.{name}.reference"))
        record.tensor("exact", f"parameters of {name}", float(parameters(costed.weights)))
        record.tensor("exact", f"operations of a step of {name}", float(flops[name]))
    if job.framework == "reference" or job.round > 1:  # what is measured is measured once; the counts are all to repeat
        return
    _check_counter(backend, flops["boundary"], job, record)
    gauge = Gauge(job.device)
    ceiling = _ceiling(backend, job)
    for number, (name, costed) in enumerate(given.items(), start=1):
        trained = costed.train(importlib.import_module(f"checks.{name}.{job.framework}"), costed.weights)
        _check_parameters(name, costed, trained, record)
        bill = train(trained, STEPS[job.profile], gauge)
        ceiling = max(ceiling, _ceiling(backend, job))
        cost = Cost(name, parameters(costed.weights), flops[name], costed.falls)
        report(cost, bill, ceiling, backend.peak(job), record)
        record.progress(number, len(given))
    record.measure("product of large matrices: FLOP/s", ceiling)
    if _ENERGY not in gauge.read():
        record.observe("cost", "energy", f"absent: {gauge.lacks.get(_ENERGY) or gauge.lacks.get('every reading')}")


def train(trained: Trained, steps: int, gauge: Gauge) -> Bill:
    """Make the steps, with those before that compile."""
    first = [float(trained.step(number)) for number in range(2)]
    before, started = gauge.read().get(_ENERGY), time.perf_counter()
    losses = [float(trained.step(number)) for number in range(2, 2 + steps)]
    seconds, after = time.perf_counter() - started, gauge.read().get(_ENERGY)
    joules = None if before is None or after is None or after < before else after - before  # a counter may wrap around
    return Bill(steps, seconds, joules, (first[0], float(np.mean(losses[-4:]))))


def report(cost: Cost, bill: Bill, ceiling: float, peak: float, record: Recorder) -> None:
    """Record the bill in a line, and that no more was achieved than can be."""
    name, flops = cost.name, cost.flops
    rate, fall = flops * bill.steps / bill.seconds, bill.losses[0] - bill.losses[1]
    parts = [
        f"{cost.parameters:,} parameters",
        f"{flops / 1e6:.1f} MFLOP and {bill.seconds / bill.steps * 1e3:.2f} ms a step",
        f"{rate / 1e9:.2f} GFLOP/s, {rate / ceiling:.1%} of the ceiling, {ceiling / 1e9:.1f}",
        f"{peak / 2**20:.0f} MiB at most",
    ]
    if fall > 0:
        parts.append(f"{flops * bill.steps / fall / 1e9:.2f} GFLOP per unit of loss")
    if bill.joules is not None:
        parts.append(
            f"{bill.joules / bill.steps:.3f} J a step" + (f", {bill.joules / fall:.2f} J per unit" if fall > 0 else "")
        )
        record.measure(f"{name}: J per step", bill.joules / bill.steps)
    record.observe("cost", name, "; ".join(parts))
    record.measure(f"{name}: FLOP/s", rate)
    record.measure(f"{name}: share of the ceiling", rate / ceiling)
    detail = f"{rate / 1e9:.2f} GFLOP/s, measured ceiling {ceiling / 1e9:.2f}"
    record.invariant(f"{name} is no faster than products of matrices", rate <= SLACK * ceiling, detail)
    learned = f"loss {bill.losses[0]:.4f} → {bill.losses[1]:.4f} in {bill.steps} steps"
    if cost.falls:
        record.invariant(f"{name} learns for what it costs", fall > 0, learned)


def parameters(weights: Mapping[str, Any]) -> int:
    """Return how many numbers are trained."""
    return sum(int(np.size(weight)) for weight in weights.values())


def _check_counter(backend: Any, products: int, job: Job, record: Recorder) -> None:
    """Hold the framework's counter against the reference's products."""
    counted = backend.counted(job)
    most = products if backend.COUNTS == "products" else ELEMENTWISE * products
    detail = f"counted {counted:,.0f} of {backend.COUNTS}, the reference {products:,}"
    record.invariant("the framework's own counter agrees with the reference", products <= counted <= most, detail)


def _check_parameters(name: str, costed: Costed, trained: Trained, record: Recorder) -> None:
    held, drawn = parameters(trained.weights()), parameters(costed.weights)
    record.invariant(f"{name} has the parameters that were drawn", held == drawn, f"{held:,} of {drawn:,}")


def _ceiling(backend: Any, job: Job) -> float:
    """Return operations per second of a large product of matrices."""
    side = CEILING_SIDE["cpu" if job.device == "cpu" else "gpu"]
    multiply = backend.product(side, job)
    multiply()  # compiles
    started, times = time.perf_counter(), 0
    while time.perf_counter() - started < CEILING_SECONDS:
        multiply()
        times += 1
    return times * 2.0 * side**3 / (time.perf_counter() - started)
