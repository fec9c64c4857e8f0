"""The reference's derivatives against central differences, each function on numbers of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from checks.common import tape_functions as functions
from checks.common.draw import uniform
from checks.common.tape import Node, slopes
from tests.each import each

Array = NDArray[np.float64]
ROWS = np.array([2, 0, 2, 1])
STEP = 2.0**-17
"""Where the truncation of central differences, STEP²/6, and their rounding, 2^-53/STEP, are both near 1e-11."""


def grid(*shape: int) -> Array:
    """Return different numbers between 1/4 and 2, so that neither a kink nor a pole is near."""
    count = int(np.prod(shape))
    return 0.25 + 1.75 * np.random.default_rng(7).permutation(count).reshape(shape) / count


FUNCTIONS: dict[str, tuple[Callable[..., Node], tuple[Array, ...]]] = {
    "add": (lambda a, b: a + b, (grid(3, 4), grid(4))),
    "add a number from the left": (lambda a: 2.0 + a, (grid(3),)),
    "subtract": (lambda a, b: a - b, (grid(3, 1), grid(3, 4))),
    "subtract from an array": (lambda a: grid(3) - a, (grid(3),)),
    "multiply": (lambda a, b: a * b, (grid(2, 3, 4), grid(3, 1))),
    "divide": (lambda a, b: a / b, (grid(3, 4), grid(3, 4) + 1)),
    "matmul": (lambda a, b: a @ b, (grid(3, 4), grid(4, 2))),
    "batched matmul": (lambda a, b: a @ b, (grid(2, 3, 4), grid(2, 4, 2))),
    "negative": (lambda a: -a, (grid(3),)),
    "rows": (lambda a: a[ROWS], (grid(3, 2),)),
    "reshape": (lambda a: a.reshape(2, 6), (grid(3, 4),)),
    "transpose": (lambda a: a.transpose(2, 0, 1), (grid(2, 3, 4),)),
    "sum": (lambda a: a.sum((0, 2)), (grid(2, 3, 4),)),
    "sum that keeps": (lambda a: a * a.sum(1, keepdims=True), (grid(3, 4),)),
    "mean": (lambda a: a.mean(0) * a.mean(), (grid(3, 4),)),
    "used twice": (lambda a: a * a + a, (grid(3),)),
    "exp": (functions.exp, (grid(3),)),
    "sqrt": (functions.sqrt, (grid(3),)),
    "tanh": (functions.tanh, (grid(3) - 1,)),
    "relu": (functions.relu, (grid(6) - 1.1,)),
    "softplus": (functions.softplus, (grid(3) - 1,)),
    "log softmax": (functions.log_softmax, (grid(3, 4),)),
    "cross-entropy": (lambda a: functions.cross_entropy(a, ROWS), (grid(4, 3),)),
    "concatenate": (lambda a, b: functions.concatenate([a, b, a]), (grid(3, 2), grid(3, 1))),
    "segment sum": (lambda a: functions.segment_sum(a, ROWS, 4), (grid(4, 2),)),
    "convolution": (functions.convolve, (grid(2, 4, 5, 2), grid(3, 3, 2, 3))),
    "largest of four": (functions.largest_of_four, (grid(1, 4, 4, 2),)),
}


@each("name", FUNCTIONS)
def test_derivatives_are_those_of_differences(name: str) -> None:
    function, inputs = FUNCTIONS[name]
    nodes = {str(place): Node(one) for place, one in enumerate(inputs)}
    value = function(*nodes.values())
    weighting = grid(*value.shape)
    found = slopes((value * weighting).sum(), nodes)
    for place, one in enumerate(inputs):
        move = uniform(3, f"{name} {place}", one.shape)
        ahead, behind = (
            function(*(Node(other + (sign * STEP * move if at == place else 0)) for at, other in enumerate(inputs)))
            for sign in (1, -1)
        )
        expected = float(((ahead.value - behind.value) * weighting).sum() / (2 * STEP))
        assert float((found[str(place)] * move).sum()) == pytest.approx(expected, rel=1e-7, abs=1e-9), name


def test_a_weight_that_is_not_used_has_no_slope() -> None:
    used, unused = Node([1.0, 2.0]), Node([3.0])
    found = slopes((used * used).sum(), {"used": used, "unused": unused})
    np.testing.assert_array_equal(found["used"], [2, 4])
    np.testing.assert_array_equal(found["unused"], [0])


def test_values_are_those_of_the_formulas() -> None:
    x = np.array([[-800.0, 0.0, 800.0]])
    np.testing.assert_allclose(functions.softplus(Node(x)).value, [[0, np.log(2), 800]])
    np.testing.assert_allclose(functions.log_softmax(Node(x)).value, [[-1600, -800, 0]])
    sums = functions.segment_sum(Node([[1.0], [2.0], [4.0], [8.0]]), ROWS, 4).value
    np.testing.assert_array_equal(sums, [[2], [8], [5], [0]])


def test_a_convolution_is_the_sum_over_its_window() -> None:
    image, kernel = grid(1, 3, 4, 1), grid(3, 3, 1, 1)
    whole = functions.convolve(Node(image), Node(kernel)).value
    assert whole.shape == image.shape
    middle = sum(image[0, 1 + i, 2 + j, 0] * kernel[1 + i, 1 + j, 0, 0] for i in (-1, 0, 1) for j in (-1, 0, 1))
    corner = sum(image[0, i, j, 0] * kernel[1 + i, 1 + j, 0, 0] for i in (0, 1) for j in (0, 1))
    assert whole[0, 1, 2, 0] == pytest.approx(middle)
    assert whole[0, 0, 0, 0] == pytest.approx(corner)
