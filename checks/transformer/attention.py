"""Attention alone: every kernel a framework has, held against softmax(QKᵀ/√e)V in float64, forward and back.

Which kernels there are depends on device, precision and mask; so they are held against the reference here, where they
ran, and those that did not run are listed with the reason. Queries, keys and values have 7 significant bits, so that
every precision holds them exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.compare import distance
from checks.common.draw import integers
from checks.transformer.layers import Array, Mask, attention

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.transformer import Backend

LINES, HEADS, PLACES, WIDTH = 2, 2, 40, 32
LENGTHS = np.array([PLACES, PLACES - 9])
CASES = ("no mask", "causal mask", "padding mask")

# significant bits → (forward, back) in spacings of that precision. float32: scores of 32 products are off by √32/2 = 3
# spacings, the exponential turns that into as many of each weight times the score's size (up to 3), which the average
# over the keys lets through: 9, and twice as far on the way back. The same holds of half precisions whose sums are kept
# as short; where they are kept in float32, only the weights, the result, and on the way back the scores' slopes are
# rounded to them.
SHORT_SUMS, LONG_SUMS = (12.0, 24.0), (4.0, 8.0)


class Unavailable(Exception):  # noqa: N818 - it is no error: another kernel serves
    """A kernel cannot compute a case here; the text says why."""


class Case(NamedTuple):
    """One problem: q, k, v and the slope ∂loss/∂result, all (2, 2, 40, 32), and which keys are seen."""

    q: Array
    k: Array
    v: Array
    slope: Array
    mask: str
    seen: Mask
    """(2, 1, 40, 40) for ``causal mask``, (2, 1, 1, 40) for ``padding mask``, all true for ``no mask``."""


class Attended(NamedTuple):
    """What a kernel gives, and what the framework says has really run, where it says so."""

    arrays: tuple[NDArray[np.floating], ...]
    """Result and the slopes of q, k and v."""
    ran: str = ""


class Kernel(NamedTuple):
    """One way to compute attention; `run` raises `Unavailable` where there is no such kernel."""

    name: str
    digits: int
    """Significant bits of its numbers: 24 float32, 11 float16, 8 bfloat16."""
    run: Callable[[Case], Attended]
    sums: int = 24
    """Significant bits of its sums."""


def prove_attention(backend: Backend, job: Job, record: Recorder) -> None:
    """Hold each kernel against the reference in each case, and list those that are not available."""
    for kernel in backend.kernels(job):
        for case in (draw_case(job.seed, mask) for mask in CASES):
            try:
                attended = kernel.run(case)
            except Unavailable as reason:
                record.observe("attention", f"{kernel.name}, {case.mask}", f"not available: {reason}")
            else:
                _judge(kernel, case, attended, record)


def draw_case(seed: int, mask: str) -> Case:
    """Draw numbers in [-2, 2) in steps of 1/32; as they vary by 1.15, scores vary by 1.3."""
    shape = (LINES, HEADS, PLACES, WIDTH)
    q, k, v, slope = ((integers(seed, name, shape, bits=7) - 64) / 32 for name in ("q", "k", "v", "slope"))
    seen = np.ones((LINES, 1, 1, PLACES), dtype=bool)
    if mask == "causal mask":
        seen = np.broadcast_to(np.tri(PLACES, dtype=bool), (LINES, 1, PLACES, PLACES))
    elif mask == "padding mask":
        seen = (np.arange(PLACES) < LENGTHS[:, None])[:, None, None]
    return Case(q, k, v, slope, mask, seen)


def _judge(kernel: Kernel, case: Case, attended: Attended, record: Recorder) -> None:
    truth, back = attention(case.q, case.k, case.v, case.seen)
    apart = [
        _spacings(got, expected, kernel.digits)
        for got, expected in zip(attended.arrays, (truth, *back(case.slope)), strict=True)
    ]
    forward, backward = LONG_SUMS if kernel.sums > kernel.digits else SHORT_SUMS
    off = max(apart[1:])
    record.invariant(
        f"attention by {kernel.name}, {case.mask}, is softmax(QKᵀ/√d)V",
        apart[0] <= forward and off <= backward,
        f"{apart[0]:.1f} of {forward:g} ulps forward, {off:.1f} of {backward:g} back",
    )
    ran = f", ran {attended.ran}" if attended.ran else ""
    record.observe("attention", f"{kernel.name}, {case.mask}", f"{apart[0]:.1f} ulps forward, {off:.1f} back{ran}")
    for name, result in zip(("result", "slope of q", "slope of k", "slope of v"), attended.arrays, strict=True):
        record.tensor("attention", f"attention by {kernel.name}, {case.mask}: {name}", result)


def _spacings(got: NDArray[np.floating], expected: Array, digits: int) -> float:
    ulps = distance(got, expected)["ulps"]
    return np.inf if ulps is None else float(np.ldexp(ulps, digits - 24))
