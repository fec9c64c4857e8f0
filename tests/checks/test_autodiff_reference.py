"""The complex step is what all derivatives are held against, so it is held against differences and closed forms."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from checks import autodiff
from checks.autodiff import corners
from checks.autodiff.primitives import FUNCTIONS
from checks.autodiff.reference import Engine, composite, composite_gradient
from checks.autodiff.zoo import ZOO, Primitive, draw_inputs
from checks.common.draw import uniform
from tests.checks.one_job import JOB
from tests.each import each

ENGINE = Engine(JOB, "float64")
CHECK = Path(autodiff.__file__).parent
H = 2.0**-18


def table(backend: str, name: str) -> set[str]:
    """The keys of a table in a backend's source, without importing its framework."""
    for node in ast.parse((CHECK / f"{backend}.py").read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return set(ast.literal_eval(ast.Tuple([key for key in node.value.keys if key])))  # type: ignore[union-attr]
    raise AssertionError(f"{backend} has no table {name}")


@each("primitive", ZOO, ids=lambda primitive: primitive.name)
def test_derivatives_are_slopes(primitive: Primitive) -> None:
    inputs = draw_inputs(primitive, JOB.seed)
    function = FUNCTIONS[primitive.name]
    cotangent = uniform(1, "cotangent", function(*inputs).shape)
    _, gradients = ENGINE.reverse(primitive.name, inputs, cotangent)
    tangents = [uniform(1, f"tangent {number}", one.shape) for number, one in enumerate(inputs)]
    ahead, behind = (
        function(*(one + h * move for one, move in zip(inputs, tangents, strict=True))) for h in (H, -H)
    )  # fmt: skip
    slope = (ahead - behind) / (2 * H)
    scale = max(1.0, float(np.abs(slope).max()))
    np.testing.assert_allclose(ENGINE.forward(primitive.name, inputs, tangents), slope, rtol=0, atol=2e-9 * scale)
    through = sum((gradient * move).sum() for gradient, move in zip(gradients, tangents, strict=True))
    assert through == pytest.approx(float((cotangent * slope).sum()), abs=2e-8 * scale)


def test_gradients_that_are_known() -> None:
    a, b, g = uniform(2, "a", (6, 8)), uniform(2, "b", (8, 5)), uniform(2, "g", (6, 5))
    _, (by_a, by_b) = ENGINE.reverse("matmul", (a, b), g)
    np.testing.assert_allclose(by_a, g @ b.T, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(by_b, a.T @ g, rtol=1e-14, atol=1e-15)
    x, one = uniform(2, "x", (6, 8)), np.ones((6, 8))
    np.testing.assert_allclose(ENGINE.reverse("tanh", (x,), one)[1][0], 1 - np.tanh(x) ** 2, rtol=1e-15)
    np.testing.assert_allclose(ENGINE.reverse("erf", (x,), one)[1][0], 2 / np.sqrt(np.pi) * np.exp(-(x**2)), rtol=1e-15)
    np.testing.assert_allclose(ENGINE.reverse("softmax", (x,), one)[1][0], 0, atol=1e-15)


def test_the_composite_gradient_and_hessian_are_slopes() -> None:
    points, direction = uniform(3, "points", (9, 3)) + np.array([0, 0, 2]), uniform(3, "direction", (9, 3))
    for axis in range(3):
        move = H * (np.arange(3) == axis)
        slope = (composite(points + move) - composite(points - move)) / (2 * H)
        np.testing.assert_allclose(composite_gradient(points)[:, axis], slope, atol=1e-9)
    slope = (composite_gradient(points + H * direction) - composite_gradient(points - H * direction)) / (2 * H)
    product = ENGINE.composite(points, direction)["Hessian product, forward over reverse"]
    np.testing.assert_allclose(product, slope, atol=1e-9)


@pytest.mark.parametrize("backend", ["pytorch", "tensorflow"])
def test_every_backend_has_every_primitive_and_every_corner(backend: str) -> None:
    assert {primitive.name for primitive in ZOO} <= table(backend, "FUNCTIONS")
    assert {function for function, *_ in corners.PLACES.values()} <= table(backend, "FUNCTIONS")
    assert table(backend, "CORNERS") == set(corners.PLACES) - set(corners.AGREED)


@each("primitive", ZOO, ids=lambda primitive: primitive.name)
def test_inputs_are_exact_in_float32_and_never_tied(primitive: Primitive) -> None:
    for one, span in zip(draw_inputs(primitive, 7), primitive.inputs, strict=True):
        np.testing.assert_array_equal(one, one.astype(np.float32).astype(np.float64))
        assert len(np.unique(one)) == one.size
        assert span.low <= one.min() <= one.max() < span.high


@pytest.mark.parametrize(("name", "scale"), [("solve", 8), ("inverse", 8), ("determinant", 1)])
def test_what_is_solved_is_well_conditioned(name: str, scale: int) -> None:
    [primitive] = [one for one in ZOO if one.name == name]
    for seed in range(50):
        assert np.linalg.cond(scale * np.eye(5) + draw_inputs(primitive, seed)[0], np.inf) <= 13 / 3
