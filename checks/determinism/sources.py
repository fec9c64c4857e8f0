"""Python's and NumPy's random numbers, and which generators a seed affects."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder


def check_sources(job: Job, record: Recorder) -> None:
    """Hold every generator to its seed, and show that NumPy's global seed does not reach a `Generator`."""
    draws: dict[str, Callable[[], list[float]]] = {
        "random": lambda: _python(job.seed),
        "np.random": lambda: _legacy(job.seed),
        "np.random.default_rng": lambda: np.random.default_rng(job.seed).random(8).tolist(),
    }
    for name, draw in draws.items():
        record.tensor("exact", f"random numbers: {name}", np.array(draw()))
        record.invariant(f"{name} repeats with its seed", draw() == draw(), f"seed {job.seed}, 8 numbers twice")
    np.random.seed(job.seed)
    first = np.random.default_rng().random(8).tolist()
    np.random.seed(job.seed)
    reached = first == np.random.default_rng().random(8).tolist()
    text = "reaches" if reached else "does not reach"
    record.observe("seeds", "np.random.seed", f"{text} np.random.default_rng(), which needs its own")


def _python(seed: int) -> list[float]:
    random.seed(seed)
    return [random.random() for _ in range(8)]  # noqa: S311 - no secret


def _legacy(seed: int) -> list[float]:
    np.random.seed(seed)
    drawn: list[float] = np.random.random(8).tolist()
    return drawn
