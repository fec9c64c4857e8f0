"""The bounded arrays: gradients against central differences, and bounds that hold without being idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks.operations import functions as f
from checks.operations.bounded import Bounded, pull
from checks.operations.families.elementwise import celu
from checks.operations.products import einsum

POSITIVE = {"logarithms and roots"}
OPERATIONS: dict[str, tuple[Callable[..., Bounded], tuple[tuple[int, ...], ...]]] = {
    "product, broadcast": (lambda a, b: a @ b, ((2, 3, 4), (4, 5))),
    "vector by batch": (lambda a, b: a @ b, ((4,), (2, 4, 5))),
    "einsum": (lambda a, b: einsum("ij,kj->ik", a, b)[1] / 2, ((3, 4), (2, 4))),
    "softmax": (lambda x: f.softmax(f.tanh(x) * 3), ((3, 5),)),
    "running sum": (lambda x: f.cumsum(f.exp(x), 1), ((3, 5),)),
    "largest": (lambda x: f.largest(x * x, 1) / f.logsumexp(x, 1), ((3, 5),)),
    "smooth": (lambda x: f.sigmoid(x) ** 3 + f.erf(x) + f.sin(x) * f.cos(x) + f.softplus(x) + f.expm1(x), ((7,),)),
    "logarithms and roots": (lambda x: f.sqrt(x) + f.log(x) + f.log1p(x) + f.arctan(x), ((7,),)),
    "chosen": (lambda x, y: f.maximum(x, y) + f.minimum(x, 2 * y) + f.absolute(x), ((6, 4), (4,))),
    "moved": (
        lambda x, y: f.concatenate([x[:, [0, 1, 1]], f.pad(y, [(0, 0), (1, 0)])], 1).transpose().mean(0),
        ((3, 4), (3, 2)),
    ),
}


def draw(name: str, shapes: tuple[tuple[int, ...], ...]) -> list[np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return [
        random.uniform(0.2 if name in POSITIVE else -1, 1, shape).astype(np.float32).astype(float) for shape in shapes
    ]


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_are_those_of_central_differences(name: str) -> None:
    function, shapes = OPERATIONS[name]
    inputs = draw(name, shapes)
    leaves = [Bounded(one).leaf() for one in inputs]
    result = function(*leaves)
    cotangent = np.random.default_rng(1).normal(size=result.shape)
    for place, (given, found) in enumerate(zip(inputs, pull([result], [cotangent], leaves), strict=True)):
        for index in np.ndindex(given.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [one.copy() for one in inputs]
                moved[place][index] += step
                sides.append(float((function(*map(Bounded, moved)).value * cotangent).sum()))
            assert found.value[index] == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-7)


def test_a_product_in_float32_stays_within_its_bound_and_a_wrong_factor_does_not() -> None:
    a, b = draw("", ((40, 300), (300, 20)))
    right = Bounded(a) @ Bounded(b)
    float32 = np.matmul(a.astype(np.float32), b.astype(np.float32))
    assert (np.abs(float32 - right.value) <= right.error).all()
    assert (np.abs(0.99 * right.value - right.value) > right.error).mean() > 0.9


def test_an_undecided_comparison_allows_both_slopes() -> None:
    x = Bounded(np.array([1e-9, 0.5]), np.array([1e-8, 1e-8])).leaf()
    (slope,) = pull([f.maximum(x, 0.0)], [np.ones(2)], [x])
    assert slope.error[0] >= 1
    assert slope.error[1] == 0


def test_of_two_that_are_equal_either_has_the_slope() -> None:
    x, y = Bounded(np.array([0.25, 0.5])).leaf(), Bounded(np.array([0.25, 0.25])).leaf()
    for slope in pull([f.maximum(x, y)], [np.ones(2)], [x, y]):
        assert slope.error[0] >= 1
        assert slope.error[1] == 0


def test_a_slope_by_expm1_plus_one_is_within_the_bound_and_a_wrong_one_is_not() -> None:
    """JAX's way to e^x at -8 has an error of a number near one."""
    x = np.full(1, -4.0)
    leaf = Bounded(x).leaf()
    (slope,) = pull([celu(leaf)], [np.ones(1)], [leaf])
    found = np.expm1((2 * x).astype(np.float32)) + np.float32(1)
    assert abs(found - slope.value) <= 4 * slope.error
    assert abs(0.9 * found - slope.value) > 4 * slope.error
