"""What training costs: parameters, operations, bytes and energy, per step and per unit of loss, against a ceiling.

Workloads of other checks are trained: `boundary` and `mlp` (dense layers), `cnn` (convolutions), `gru` (recurrent) and
`transformer`. Parameters
and floating-point operations follow from formulas (`workloads.py`); a framework's own counter is held against the
formula where the model has no loop, for counters differ in what they count: PyTorch's FlopCounterMode matrix products
alone; TensorFlow's profiler and XLA's cost analysis every element's operation too, and a loop's body once.

The ceiling is what a large product of matrices reaches in the same framework, on the same device and threads, right
before and right after. What is achieved above it would be counted or timed wrongly. Energy is what the device's own
counter says (NVML, RAPL), of everything that runs on it meanwhile; without a counter it is absent.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from checks.common.readings import Gauge
from checks.cost.workloads import WORKLOADS, Drawn, Workload, dense_flops

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Bill(NamedTuple):
    """What so many steps took, and the loss before and after them."""

    steps: int
    seconds: float
    joules: float | None
    losses: tuple[float, float]


def prove(backend: Any, job: Job, record: Recorder) -> None:
    """Count, train and measure."""
    given = [(workload, workload.draw(job)) for workload in WORKLOADS]
    for workload, drawn in given:
        flops = workload.flops(drawn, drawn.batches(1)[0])
        record.tensor("exact", f"parameters of {workload.name}", float(drawn.parameters))
        record.tensor("exact", f"operations of a step of {workload.name}", float(flops))
    if job.framework == "reference":
        return
    _check_counter(backend, job, record)
    gauge = Gauge(job.device)
    ceiling = _ceiling(backend, job)
    for number, (workload, drawn) in enumerate(given, start=1):
        module = importlib.import_module(f"checks.{workload.name}.{job.framework}")
        model = workload.model(module, drawn, job)
        _check_parameters(workload.name, drawn, model, record)
        bill = train(workload, model, drawn.batches(STEPS[job.profile]), gauge)
        ceiling = max(ceiling, _ceiling(backend, job))
        report(workload, drawn, bill, ceiling, backend.peak(job), record)
        record.progress(number, len(WORKLOADS))
    if _ENERGY not in gauge.read():
        record.observe("cost", "energy", f"absent: {gauge.lacks.get(_ENERGY) or gauge.lacks.get('every reading')}")


def train(workload: Workload, model: Any, batches: list[Any], gauge: Gauge) -> Bill:
    """Make the steps, with those before that compile."""
    first = [workload.step(model, batch) for batch in batches[:2]]
    before, started = gauge.read().get(_ENERGY), time.perf_counter()
    losses = [workload.step(model, batch) for batch in batches]
    seconds, after = time.perf_counter() - started, gauge.read().get(_ENERGY)
    joules = None if before is None or after is None or after < before else after - before  # a counter may wrap around
    return Bill(len(batches), seconds, joules, (first[0], float(np.mean(losses[-4:]))))


def report(workload: Workload, drawn: Drawn, bill: Bill, ceiling: float, peak: float, record: Recorder) -> None:
    """Record the bill in a line, and that no more was achieved than can be."""
    flops = float(np.mean([workload.flops(drawn, batch) for batch in drawn.batches(bill.steps)]))
    rate, fall = flops * bill.steps / bill.seconds, bill.losses[0] - bill.losses[1]
    parts = [
        f"{drawn.parameters:,} parameters",
        f"{flops / 1e6:.1f} MFLOP and {bill.seconds / bill.steps * 1e3:.2f} ms a step",
        f"{rate / 1e9:.2f} GFLOP/s, {rate / ceiling:.1%} of {ceiling / 1e9:.1f}",
        f"{peak / 2**20:.0f} MiB at most",
    ]
    if fall > 0:
        parts.append(f"{flops * bill.steps / fall / 1e9:.2f} GFLOP per unit of loss")
    if bill.joules is not None:
        parts.append(
            f"{bill.joules / bill.steps:.3f} J a step" + (f", {bill.joules / fall:.2f} J per unit" if fall > 0 else "")
        )
    record.observe("cost", workload.name, "; ".join(parts))
    record.measure(f"{workload.name}: share of the ceiling", rate / ceiling)
    detail = f"{rate / 1e9:.2f} GFLOP/s, measured ceiling {ceiling / 1e9:.2f}"
    record.invariant(f"{workload.name} is no faster than products of matrices", rate <= SLACK * ceiling, detail)
    learned = f"loss {bill.losses[0]:.4f} → {bill.losses[1]:.4f} in {bill.steps} steps"
    record.invariant(f"{workload.name} learns for what it costs", fall > 0, learned)


def _check_counter(backend: Any, job: Job, record: Recorder) -> None:
    """Hold the framework's counter against the formula."""
    formula, counted = dense_flops(), backend.counted(job)
    most = formula if backend.COUNTS == "products" else ELEMENTWISE * formula
    detail = f"counted {counted:,.0f}, formula {formula:,} for {backend.COUNTS}"
    record.invariant("the framework's own counter agrees with the formula", formula <= counted <= most, detail)


def _check_parameters(name: str, drawn: Drawn, model: Any, record: Recorder) -> None:
    held = sum(int(np.size(weight)) for weight in model.weights().values())
    formula = drawn.parameters
    record.invariant(f"{name} has the parameters of the formula", held == formula, f"{held:,} of {formula:,}")


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
