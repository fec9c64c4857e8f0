"""Functions at extremes: where the plain formula overflows, underflows or cancels, and the careful one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.numerics import Engine

ROWS = {
    "large numbers": (1000.0, 1000.0, 0.0),
    "numbers far apart": (1e4, 0.0, -1e4),
    "the edge of e^x": (88.5, 89.0, 88.75),
    "very negative numbers": (-1e30, -1e30, -2e30),
    "the largest numbers": (3e38, 3e38, 1e38),
    "tiny differences": (2.0**-20, 0.0, -(2.0**-20)),
    "a thousand equals": (64.0,) * 1000,
}
ON_ROWS = ("softmax", "log softmax", "logsumexp", "slope of cross-entropy")
"""Functions of a matrix's rows; the slope is that of -ln softmax at each row's first number."""
ON_NUMBERS = {
    "sigmoid": (-1000.0, -80.0, 0.0, 80.0, 1000.0),
    "tanh": (-1000.0, -20.0, 0.0, 20.0, 1000.0),
    "softplus": (-80.0, -20.0, 20.0, 1000.0),
    "softplus of negative numbers": (-80.0, -79.0),
    "slope of softplus": (-1000.0, -80.0, 80.0, 1000.0),
    "expm1": (2.0**-40, -(2.0**-30), 2.0**-20),
    "log1p": (2.0**-40, -(2.0**-30), 2.0**-20),
    "norm": (2.0**40, 2.0**40, 0.0, 2.0**41),
}


def record_extremes(engine: Engine, record: Recorder) -> None:
    """Record each function at each of its extremes, in float32."""
    for function in ON_ROWS:
        for case, row in ROWS.items():
            value = engine.evaluate(function, np.array([row, row[::-1]], np.float32))
            record.tensor("extreme", f"{function} of {case}", value)
    for case, numbers in ON_NUMBERS.items():
        value = engine.evaluate(case.removesuffix(" of negative numbers"), np.array(numbers, np.float32))
        record.tensor("extreme", case, value)
