"""The probes name what a product does, whatever it claims: here products that are known to do less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from checks.numerics.precision import find_precision, name_precision
from checks.numerics.products import Product
from checks.numerics.products.judge import allowed_error, draw_factors, measure_error

Array = NDArray[Any]


def keep(bits: int) -> Callable[[Array], Array]:
    """Round to `bits` significant bits."""

    def rounded(values: Array) -> Array:
        part, exponent = np.frexp(values)
        return np.asarray(np.ldexp(np.rint(np.ldexp(part, bits)), exponent - bits))

    return rounded


def product(left: Callable[[Array], Array], right: Callable[[Array], Array], sums: int = 53) -> Product:
    """Return a float32 product whose inputs and running sums are rounded; sums one after the other."""

    def run(a: Array, b: Array) -> Array:
        total = np.zeros((len(a), b.shape[1]))
        for column, row in zip(left(a).T, right(b), strict=True):
            total = keep(sums)(total + np.outer(column, row))
        return total

    return Product("float32 matmul", run)


same = keep(53)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bits", "name"), [(24, "float32"), (16, "pairs of bfloat16"), (11, "TF32"), (8, "bfloat16"), (4, "float8 e4m3")]
)
def test_inputs_are_named_by_the_bits_they_keep(bits: int, name: str) -> None:
    precision = find_precision(product(keep(bits), keep(bits)))
    assert (precision.left, precision.right) == (bits, bits)
    assert name_precision(precision, 127) == name


def test_the_poorer_side_gives_the_name() -> None:
    precision = find_precision(product(same, keep(11)))
    assert (precision.left, precision.right, precision.digits) == (24, 11, 11)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 11, 14, 24])
def test_sums_are_told_by_the_bits_they_keep(bits: int) -> None:
    assert find_precision(product(same, same, bits)).sums == bits


def test_float16_is_told_from_tf32_by_its_range() -> None:
    def half(values: Array) -> Array:
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float64)

    with np.errstate(invalid="ignore"):
        precision = find_precision(product(half, half))
    assert not precision.wide
    assert name_precision(precision, 127) == "float16"


def test_a_path_that_only_large_products_take_is_found() -> None:
    def run(a: Array, b: Array) -> Array:
        rounded = keep(11) if len(a) > 128 else same
        return np.asarray(rounded(a) @ rounded(b))

    assert find_precision(Product("float32 matmul", run)).digits == 11


@pytest.mark.parametrize("bits", [11, 8])
def test_the_error_of_rounded_inputs_is_beyond_what_is_allowed(bits: int) -> None:
    left, right = draw_factors(0, 24)
    poor, good = product(keep(bits), keep(bits)), product(keep(24), keep(24), 24)
    assert measure_error(poor.run(left, right), left, right) > 5 * allowed_error(poor)
    assert measure_error(good.run(left, right), left, right) < allowed_error(good)
