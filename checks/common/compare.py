"""Compares two traces tensor by tensor, in ulps.

``python -P …/checks/common/compare.py`` reads ``[[ours, theirs, units], …]`` (trace files) from stdin as JSON and
writes, for every pair, one object per tensor of `theirs`, in its order. An ulp is the distance between neighbouring
float32 numbers at the tensor's largest magnitude: an element that came out small because large ones cancelled carries
*their* rounding. Where a whole tensor may have come out small, the trace `units`, the reference's, has its `UNIT`, the
magnitude of what was added up, which then counts like an element. ``ulps`` is null when shapes or finiteness differ,
or the tensor is missing. ``finite`` counts the elements of `theirs` that are numbers: what is compared with NaN or
infinity alone proves little.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT = "unit of "
"""Begins the name, in a trace, of the magnitude of what a tensor's elements are sums of."""
_DIGITS, _SMALLEST = 24, -125  # of a float32: significant bits, exponent of the smallest normal number


def compare(ours: str, theirs: str, units: str = "") -> list[dict[str, Any]]:
    """Return the distance of every tensor of the trace `theirs`, in the units that the trace `units` has."""
    known = _units(units) if units else {}
    with np.load(ours, allow_pickle=False) as mine, np.load(theirs, allow_pickle=False) as truth:
        return [
            {"key": key}
            | (distance(mine[key], truth[key], known.get(key, 0.0)) if key in mine else _unlike("nothing", "a tensor"))
            for key in truth.files
            if not key.startswith(UNIT)
        ]


def distance(got: NDArray[Any], expected: NDArray[Any], unit: float = 0.0) -> dict[str, Any]:
    """Return ulps, index and both values at the worst element; an ulp is at least that of the magnitude `unit`."""
    if got.shape != expected.shape:
        return _unlike(f"shape {got.shape}", f"shape {expected.shape}")
    if not got.size:
        return {"ulps": 0.0, "index": (), "got": "", "expected": "", "finite": 0}
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.nan_to_num(np.abs(got - expected), nan=np.inf, posinf=np.inf))
    worst = np.unravel_index(int(apart.argmax()), apart.shape)
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=unit)
    ulps = float(apart[worst]) / spacing(float(largest))
    return {
        "ulps": ulps if math.isfinite(ulps) else None,
        "index": [int(place) for place in worst],
        "got": f"{got[worst]:.9g}",
        "expected": f"{expected[worst]:.9g}",
        "finite": int(np.isfinite(expected).sum()),
    }


def _units(trace: str) -> dict[str, float]:
    with np.load(trace, allow_pickle=False) as reference:
        return {key.removeprefix(UNIT): float(reference[key]) for key in reference.files if key.startswith(UNIT)}


def spacing(largest: float) -> float:
    """Return the distance between neighbouring float32 numbers at magnitude `largest`."""
    exponent = math.frexp(largest)[1] if largest else _SMALLEST
    return math.ldexp(1.0, max(exponent, _SMALLEST) - _DIGITS)


def _unlike(got: str, expected: str) -> dict[str, Any]:
    return {"ulps": None, "index": (), "got": got, "expected": expected, "finite": 0}


if __name__ == "__main__":
    json.dump([compare(*traces) for traces in json.load(sys.stdin)], sys.stdout, allow_nan=False)
