"""Kernels whose bits are known to follow the instruction set, the thread count or the size of the batch.

Each works on rows (64, 512), one result for each row: so the same kernel shows which bits survive another
environment, and whether a row's bits depend on the other rows of its batch (batch invariance).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[np.floating]
Kernels = dict[str, Callable[["Job", Array], Array]]
"""Name → a function of rows."""

ROWS, COLUMNS = 64, 512
_COMPANY = (1, 7, 32)


def draw_rows(seed: int) -> Array:
    """Draw the rows, exact in float32."""
    return uniform(seed, "rows", (ROWS, COLUMNS), scale=4.0).astype(np.float32)


def draw_matrix(seed: int) -> Array:
    """Draw the matrix that rows are multiplied by."""
    return uniform(seed, "matrix", (COLUMNS, 48), scale=0.125).astype(np.float32)


def digests(kernels: Kernels, job: Job) -> dict[str, str]:
    """Return a digest of what each kernel makes of the rows."""
    rows = draw_rows(job.seed)
    return {
        name: hashlib.sha256(np.ascontiguousarray(kernel(job, rows)).tobytes()).hexdigest()[:12]
        for name, kernel in kernels.items()
    }


def observe_company(kernels: Kernels, job: Job, record: Recorder) -> None:
    """List for each kernel whether the first row has the same bits in batches of other sizes."""
    rows = draw_rows(job.seed)
    for name, kernel in kernels.items():
        alike = np.asarray(kernel(job, rows))[0].tobytes()
        other = [count for count in _COMPANY if np.asarray(kernel(job, rows[:count]))[0].tobytes() != alike]
        sizes = ", ".join(map(str, other))
        text = f"other bits in batches of {sizes} than of {ROWS}" if other else "same bits in any batch"
        record.observe("a row in other company", name, text)
