"""How fast: matrix products in every precision and copies in every direction, as figures that nothing judges."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.numerics.memory import draw_pattern

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.numerics import Engine

WIDTHS = {"cpu": {"quick": 256, "full": 1024}, "cuda": {"quick": 4096, "full": 8192}}
FORMATS = ("float64", "float32", "bfloat16", "float16")
RUNS = 5
COPIED = {"cpu": {"quick": 2**20, "full": 2**26}, "cuda": {"quick": 2**24, "full": 2**26}}
"""Words of 4 bytes: 4 to 256 MiB."""
COPIES = {"cpu": 1, "cuda": 64}
"""Copies on the device before the clock is read: on a card one takes less time than to start it and to wait for it."""


def measure_speed(engine: Engine, job: Job, record: Recorder) -> None:
    """Record billions of operations and of bytes a second, the median and its share of the best of the run."""
    kind = job.device.partition(":")[0]
    width = WIDTHS[kind][job.profile]
    for number_format in FORMATS:
        timer = engine.product_timer(width, number_format)
        if timer is not None:
            _measure(f"{number_format} matmul: Gflop/s", 2 * width**3, timer, record)
    words = draw_pattern("own address", job.seed, 0, COPIED[kind][job.profile])
    theirs = engine.to_device(words)
    _measure("copy to the device: GB/s", words.nbytes, lambda: engine.to_host(engine.to_device(words)[:1]), record)
    copies = COPIES[kind]
    _measure("copy on the device: GB/s", 2 * copies * words.nbytes, lambda: _copy(engine, theirs, copies), record)
    _measure("copy to the host: GB/s", words.nbytes, lambda: engine.to_host(theirs), record)


def _copy(engine: Engine, theirs: Any, times: int) -> None:
    """Copy so many times, one after the other, and wait for the last."""
    for _ in range(times):
        there = engine.copy(theirs)
    engine.to_host(there[:1])


def _measure(name: str, amount: float, work: Callable[[], object], record: Recorder) -> None:
    """Run once to warm up, then `RUNS` times."""
    work()
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    median, best = float(np.median(took)), min(took)
    record.measure(name, amount / median / 1e9)
    record.measure(f"{name.partition(':')[0]}: share of the run's best", best / median)
    record.observe("speed", name, f"{amount / median / 1e9:.1f}, {best / median:.0%} of the best of {RUNS} runs")
