"""Hold every product against what was asked of it, and name the precision it really has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.numerics.precision import Precision, find_precision, name_precision
from checks.numerics.products import Product, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[np.float64]
_SHAPE = (64, 512, 48)
RECORDED = {
    "float32 matmul": "product",
    "float32 batched matmul": "product",
    "float32 linear": "product",
    "float32 convolution": "product",
    "bfloat16 matmul": "product in bfloat16",
    "float16 matmul": "product in float16",
}
"""Products whose results are held against float64's, number by number → their kind; every framework has them."""
_SPREAD = 2.0
"""A sum of k roundings is off by √k/2 spacings; so many times that are allowed of the largest of 3072 such sums."""


def check_products(products: Sequence[Product], job: Job, record: Recorder) -> None:
    """Record the products that all have; probe and judge each one, or say why it is not there."""
    for product in products:
        left, right = draw_factors(job.seed, min(product.holds or product.digits, product.digits))
        try:
            got = product.run(left, right)
            precision = None if job.framework == "reference" else find_precision(product)
        except Unavailable as reason:
            record.observe("precision of products", product.name, f"not available: {reason}")
            if product.name in RECORDED:
                record.absent(product.name, str(reason))
            continue
        if product.name in RECORDED:
            record.tensor(RECORDED[product.name], product.name, got)
        if precision is not None:
            _judge(product, precision, measure_error(got, left, right), record)


def draw_factors(seed: int, digits: int) -> tuple[Array, Array]:
    """Draw factors in ±[1/2, 1) with `digits` significant bits, so that no format has to round them."""
    bits = min(digits, 24)
    rows, inner, columns = _SHAPE
    left, right = (
        np.where(integers(seed, f"sign {name}", shape, bits=1), 1, -1)
        * np.ldexp((1 << (bits - 1)) + integers(seed, f"factor {name} {bits}", shape, bits=bits - 1), -bits)
        for name, shape in (("left", (rows, inner)), ("right", (inner, columns)))
    )
    return left, right


def measure_error(got: NDArray[np.floating], left: Array, right: Array) -> float:
    """Return the largest error relative to the sum of the magnitudes of what was added up."""
    return float((np.abs(np.asarray(got, np.float64) - left @ right) / (np.abs(left) @ np.abs(right))).max())


def _judge(product: Product, precision: Precision, error: float, record: Recorder) -> None:
    name, asked = product.name, product.digits
    really = name_precision(precision, product.exponent)
    record.invariant(
        f"{name}: inputs keep {asked} significant bits",
        precision.digits >= asked and precision.wide,
        f"really {really}: left {precision.left} bits, right {precision.right}, "
        f"{'full' if precision.wide else 'narrow'} range",
    )
    record.invariant(
        f"{name}: sums keep {product.sums} significant bits", precision.sums >= product.sums, f"{precision.sums} bits"
    )
    allowed = allowed_error(product)
    record.invariant(f"{name}: error", error <= allowed, f"{error:.2e} of the terms' sum, allowed {allowed:.2e}")
    text = f"{really} inputs, sums of at least {precision.sums} bits, error {error:.1e} of the terms' sum"
    record.observe("precision of products", name, text)


def allowed_error(product: Product) -> float:
    """Return what √k roundings of the sums and one of the result amount to, relative to the terms' sum."""
    of_sums = _SPREAD * np.sqrt(_SHAPE[1]) / 2 * 2.0**-product.sums
    return float(of_sums + 2.0 ** -(product.holds or product.digits))
