"""Long sums: how the error grows with the length, and whether sums of half-precision numbers are kept wider.

The numbers are drawn with 24 bits in [0, 1), so that a float64 holds their sum exactly. Pairs of pairs are off by
log₂ n roundings at most, one long chain by about √n: which of the two an operation is, its tolerance says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.numerics.products import Unavailable, unavailable_without_kernel

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.numerics import Engine

LENGTHS = {"quick": 2**20, "full": 2**24}
_ONES = 2**15
"""More ones than a chain of bfloat16 (256) or float16 (2048) can count."""
_OFFSET, _COUNT = 4096.0, 4096


def record_sums(engine: Engine, job: Job, record: Recorder) -> None:
    """Record sums, means, products and a variance."""
    numbers = draw_numbers(job)
    row = numbers[None]
    record.tensor("tree", "long sum", engine.evaluate("sum", row))
    record.tensor("tree", "long mean", engine.evaluate("mean", row))
    record.tensor("chain", "long product", engine.evaluate("matmul", row, np.ones((numbers.size, 1), np.float32)))
    _record_running_sum(engine, row, record)
    offset = (_OFFSET + numbers[None, :_COUNT]).astype(np.float32)
    record.tensor("variance", "variance beside 4096", engine.evaluate("variance", offset))
    for name in ("bfloat16", "float16"):
        for function in ("sum", "product"):
            _record_ones(engine, function, name, record)


def _record_running_sum(engine: Engine, row: NDArray[np.float32], record: Recorder) -> None:
    """Record every 64th part of a running sum, which the deterministic mode of PyTorch 2.5 refuses on a GPU."""
    try:
        value = engine.evaluate("long running sum", row)
    except Unavailable as reason:
        record.absent("long running sum", str(reason))
    else:
        record.tensor("chain", "long running sum", value[:, :: row.size // 64])


def _record_ones(engine: Engine, function: str, number_format: str, record: Recorder) -> None:
    """Record the `function` of many ones, or that this device has none in this format."""
    title = f"{function} of {_ONES} ones in {number_format}"
    try:
        with unavailable_without_kernel(half=True):
            counted = engine.evaluate(f"{function} of {number_format} ones", np.ones((1, _ONES), np.float32))
    except Unavailable as reason:
        record.absent(title, str(reason))
        record.observe("precision of products", title, f"not available: {reason}")
    else:
        record.tensor("exact", title, counted)


def draw_numbers(job: Job) -> NDArray[np.float32]:
    """Draw numbers in [0, 1) with 24 bits."""
    drawn: NDArray[Any] = integers(job.seed, "long sum", (LENGTHS[job.profile],), bits=24)
    return np.ldexp(drawn.astype(np.float32), -24)
