"""The integers behind the exact check, held against rational numbers that cannot round."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from checks.common.draw import integers
from checks.common.job import Job
from checks.exact import LEARNING_RATE, Array, canonical, draw, draw_primitives
from checks.exact.dyadic import Dyadic, dyadic
from checks.exact.models import SHAPES, WIDTH
from checks.exact.reference import Trainer, primitives

pytestmark = pytest.mark.slow

WHERE = {"framework": "reference", "device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
JOB = Job(check="exact", seed=3, round=1, profile="quick", **WHERE)  # type: ignore[arg-type]  # a table of two types

Rows = list[list[Fraction]]


def fractions(array: Array) -> Rows:
    return [[Fraction(float(value)) for value in row] for row in array]


def snap(value: Fraction, low: int, high: int) -> Fraction:
    return Fraction(min(max(round(value * 64), low * 64), high * 64), 64)  # Python rounds half to even


def product(left: Rows, right: Rows) -> Rows:
    columns = list(zip(*right, strict=True))
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction()) for column in columns] for row in left]


def transposed(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


def test_two_steps_of_the_mlp_are_those_of_rational_numbers() -> None:
    weights, inputs, targets = draw("mlp", JOB.seed)
    trainer = Trainer("mlp", weights, inputs, targets, JOB)
    first, second = fractions(weights["mlp.first"]), fractions(weights["mlp.second"])
    x, t = fractions(inputs), fractions(targets)
    places = [(row, column) for row in range(WIDTH) for column in range(WIDTH)]
    for _ in range(2):
        one, two = ([[snap(value, -2, 2) for value in row] for row in rows] for rows in (first, second))
        raw_hidden = product(x, one)
        hidden = [[snap(value, 0, 2) for value in row] for row in raw_hidden]
        raw_out = product(hidden, two)
        apart = [[snap(raw_out[i][j], -2, 2) - t[i][j] for j in range(WIDTH)] for i in range(WIDTH)]
        back = [[snap(apart[i][j], -4, 4) * (-2 <= raw_out[i][j] <= 2) for j in range(WIDTH)] for i in range(WIDTH)]
        into = product(back, transposed(two))
        deep = [[snap(into[i][j], -4, 4) * (0 <= raw_hidden[i][j] <= 2) for j in range(WIDTH)] for i in range(WIDTH)]
        slopes = {"mlp.first": product(transposed(x), deep), "mlp.second": product(transposed(hidden), back)}
        done = trainer.step()
        assert fractions(done.products[0]) == raw_hidden
        assert fractions(done.products[1]) == raw_out
        assert Fraction(float(done.loss)) == sum(apart[i][j] ** 2 for i, j in places) / 2
        for name, rows in slopes.items():
            assert fractions(done.slopes[name]) == rows
        for rows, name in ((first, "mlp.first"), (second, "mlp.second")):
            for i, j in places:
                rows[i][j] -= Fraction(LEARNING_RATE) * snap(slopes[name][i][j], -4, 4)
        assert fractions(trainer.weights()["mlp.first"]) == first
        assert fractions(trainer.weights()["mlp.second"]) == second


@pytest.mark.parametrize("bits", [0, 3, 6, 7, 9, 12])
def test_the_grid_is_python_s_own_rounding(bits: int) -> None:
    ints = np.concatenate([np.arange(-600, 600), integers(0, "numbers", (500,), bits=16) - 2**15])
    value = Dyadic(ints, bits)
    expected = [snap(Fraction(int(one), 2**bits), -2, 2) for one in ints]
    assert [Fraction(int(one), 64) for one in value.grid(-2, 2).ints] == expected
    inside = [int(-2 <= Fraction(int(one), 2**bits) <= 2) for one in ints]
    assert value.inside(-2, 2).tolist() == inside


def test_a_number_that_float32_cannot_hold_is_the_check_s_fault() -> None:
    wide = Dyadic(np.full((2, 2), 1 << 12), 0)
    with pytest.raises(AssertionError, match="a float32 holds 24"):
        wide.matmul(wide)
    # the sum is 0, but on the way some order of summation passes 2^24
    with pytest.raises(AssertionError, match="a float32 holds 24"):
        Dyadic(np.array([[1 << 12, 1 << 12]]), 0).matmul(Dyadic(np.array([[1 << 12], [-(1 << 12)]]), 0))
    with pytest.raises(ValueError, match="multiples"):
        dyadic(np.array([0.3]), 6)


@pytest.mark.parametrize("model", SHAPES)
def test_training_keeps_to_its_bits_for_many_seeds(model: str) -> None:
    for seed in range(20):
        trainer = Trainer(model, *draw(model, seed), JOB)
        for _ in range(25):
            trainer.step()  # raises when a number needs more


def test_slopes_are_those_of_the_model_where_nothing_is_rounded_away() -> None:
    """A product alone has no grid behind it, so its slope must be the derivative, exactly."""
    from checks.exact import dyadic as exact

    left = exact.Node(Dyadic(integers(0, "left", (3, 4), bits=5) - 16, 6))
    right = exact.Node(Dyadic(integers(0, "right", (4, 2), bits=5) - 16, 6))
    ones = Dyadic(np.ones((3, 2), np.int64), 0)
    exact.backward(exact.product(left, right) + exact.product(left, right) * 0.25, ones)
    assert left.slope is not None
    np.testing.assert_array_equal(left.slope.floats(), 1.25 * np.ones((3, 2)) @ right.value.floats().T)


def test_primitives_stay_below_what_float32_holds_in_any_order() -> None:
    left, right, image, kernel = draw_primitives(JOB.seed)
    magnitudes = primitives(np.abs(left), np.abs(right), np.abs(image), np.abs(kernel), JOB)
    assert max(int(np.max(value)) for value in magnitudes.values()) < 2**24


def test_the_canonical_form_has_no_negative_zero() -> None:
    assert canonical(np.array([-0.0, 1.0])).tobytes() == canonical(np.array([0.0]), np.array([1.0])).tobytes()
