"""Conversions between float32 and the smaller formats, at every number of theirs.

Each positive number of a format is asked itself, and its middle to the next with both float32 neighbours: a rounding
other than to the nearest, ties to even, is wrong at one of the three. Backwards every bit pattern is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.numerics.formats import FORMATS, Format

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.numerics import Engine

_NORMAL = 2.0**-126


def check_conversions(engine: Engine, record: Recorder) -> None:
    """Record for each format that is there whether both directions are right everywhere."""
    for one in FORMATS:
        samples = draw_samples(one)
        bits = engine.encode(samples, one.name)
        if bits is None:
            record.observe("conversions", one.name, "not available")
            continue
        got, expected = one.values()[bits.astype(np.int64)], one.round(samples.astype(np.float64))
        _check(f"float32 → {one.name}, to nearest even", samples, got, expected, record)
        with np.errstate(invalid="ignore"):  # half of the NaNs are signalling ones
            back = engine.decode(one.patterns(), one.name).astype(np.float64)
        _check(f"{one.name} → float32, exact", one.patterns(), back, one.values(), record)
        beyond = one.values()[np.asarray(engine.encode(np.array([1e30], np.float32), one.name)).astype(np.int64)]
        record.observe("conversions", one.name, f"exact at {samples.size} numbers; 1e30 becomes {beyond[0]:g}")


def draw_samples(one: Format) -> NDArray[np.float32]:
    """Return zeros, all numbers, the middles between neighbours and the float32 neighbours of those, of both signs."""
    values = one.values()
    positive = np.unique(values[np.isfinite(values) & (values >= 0)])
    middles = ((positive[1:] + positive[:-1]) / 2).astype(np.float32)
    inside = [positive.astype(np.float32), middles, np.nextafter(middles, 0), np.nextafter(middles, np.float32(np.inf))]
    samples = np.concatenate(inside)
    return np.concatenate([samples, -samples]).astype(np.float32)


def _check(name: str, inputs: NDArray[Any], got: NDArray[Any], expected: NDArray[Any], record: Recorder) -> None:
    """Compare numbers and the signs of zeros; a denormal float32 may count as zero, as special numbers say."""
    same = (got == expected) & (np.signbit(got) == np.signbit(expected)) | np.isnan(got) & np.isnan(expected)
    tiny = (np.minimum(np.abs(expected), np.abs(inputs)) < _NORMAL) & (got == 0)
    wrong = np.flatnonzero(~(same | tiny))
    detail = f"{inputs.size} numbers, {wrong.size} wrong"
    if wrong.size:
        detail += f", first {inputs[wrong[0]]:g} → {got[wrong[0]]:g} instead of {expected[wrong[0]]:g}"
    record.invariant(name, not wrong.size, detail)
