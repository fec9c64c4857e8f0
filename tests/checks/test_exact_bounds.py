"""Which hardware the exact fingerprint may be promised for: the claim holds where it says and breaks below."""

from __future__ import annotations

import numpy as np
import pytest

from checks.exact.models import MODELS
from tests.checks.emulated import keep, same_everywhere

STEPS = 3


@pytest.mark.parametrize(("inputs", "hardware"), [(11, "TF32 or float16"), (8, "bfloat16")])
def test_shorter_inputs_give_the_same_bits_with_float32_sums(inputs: int, hardware: str) -> None:
    assert same_everywhere(inputs, 24, STEPS) == dict.fromkeys(MODELS, True), hardware


def test_inputs_of_seven_bits_do_not() -> None:
    assert not all(same_everywhere(7, 24, STEPS).values())


@pytest.mark.parametrize("sums", [11, 8])
def test_sums_in_half_precision_do_not(sums: int) -> None:
    assert same_everywhere(8, sums, STEPS) == dict.fromkeys(MODELS, False)


def test_rounding_is_float16_s_where_that_has_numbers() -> None:
    values = np.linspace(-3, 3, 10007)
    np.testing.assert_array_equal(
        keep(values[np.abs(values) > 0.001], 11), values[np.abs(values) > 0.001].astype(np.float16)
    )
