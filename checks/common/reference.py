"""The reference backend: NumPy in float64, nothing to prepare."""

from __future__ import annotations

import numpy as np

from checks.common.host import host
from checks.common.job import Job


def prepare(job: Job) -> None:  # noqa: ARG001 - every backend has this function
    """Make NumPy warn about invalid values."""
    np.seterr(over="raise", invalid="raise", divide="raise")


def environment(job: Job) -> dict[str, str]:
    """Return the environment key."""
    return host(job)
