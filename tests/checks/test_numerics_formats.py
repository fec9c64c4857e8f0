"""The formats' tables and rounding, held against NumPy's own float16 and the bits of float32."""

from __future__ import annotations

import numpy as np

from checks.numerics.conversions import draw_samples
from checks.numerics.formats import FORMATS

BFLOAT16, FLOAT16, E4M3, E5M2 = FORMATS


def test_float16_is_numpy_s() -> None:
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(FLOAT16.values(), FLOAT16.patterns().view(np.float16).astype(np.float64))


def test_rounding_to_float16_is_numpy_s_and_the_samples_meet_every_tie() -> None:
    samples = draw_samples(FLOAT16)
    with np.errstate(over="ignore"):
        theirs = samples.astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(FLOAT16.round(samples.astype(np.float64)), theirs)
    assert (samples.astype(np.float64) != theirs).sum() > 3 * 2**15  # the numbers themselves are the fourth part


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    upper = (FORMATS[0].patterns().astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(BFLOAT16.values(), upper.astype(np.float64))


def test_rounding_to_bfloat16_is_nearest_and_ties_are_even() -> None:
    values = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -1 - 2**-8])
    np.testing.assert_array_equal(BFLOAT16.round(values), [1, 1 + 2**-6, 1 + 2**-7, -1])


def test_float8_ends_where_the_ocp_paper_says() -> None:
    for one, largest, smallest in ((E4M3, 448.0, 2.0**-9), (E5M2, 57344.0, 2.0**-16)):
        finite = one.values()[np.isfinite(one.values())]
        assert finite.max() == largest
        assert finite[finite > 0].min() == smallest
