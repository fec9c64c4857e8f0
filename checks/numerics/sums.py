"""Long sums: how the error grows with the length, and whether sums of half-precision numbers are kept wider.

The numbers are drawn with 24 bits in [0, 1), so that a float64 holds their sum exactly. Pairs of pairs are off by
log₂ n roundings at most, one long chain by about √n: which of the two an operation is, its tolerance says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

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
    record.tensor("chain", "long running sum", engine.evaluate("running sum", row)[:, :: numbers.size // 64])
    offset = (_OFFSET + numbers[None, :_COUNT]).astype(np.float32)
    record.tensor("variance", "variance beside 4096", engine.evaluate("variance", offset))
    for name in ("bfloat16", "float16"):
        for function in ("sum", "product"):
            counted = engine.evaluate(f"{function} of {name} ones", np.ones((1, _ONES), np.float32))
            record.tensor("exact", f"{function} of {_ONES} ones in {name}", counted)


def draw_numbers(job: Job) -> NDArray[np.float32]:
    """Draw numbers in [0, 1) with 24 bits."""
    drawn: NDArray[Any] = integers(job.seed, "long sum", (LENGTHS[job.profile],), bits=24)
    return np.ldexp(drawn.astype(np.float32), -24)
