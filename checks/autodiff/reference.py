"""Derivatives in NumPy, exact to float64 rounding, by the complex step.

For a function that is analytic, f(x + ihv) = f(x) + ih f'(x)v + O(h²), so the imaginary part divided by h is the
derivative along v; with h = 2^-200 nothing but rounding is left, since no difference is taken (Squire and Trapp 1998).
A gradient is one such derivative per input element. The composite function's gradient is written down, and its Hessian
product is the complex step of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.autodiff.primitives import FUNCTIONS
from checks.common.job import Job

Array = NDArray[Any]

_H = 2.0**-200


class Engine:
    """The derivatives of this backend; the precision is always float64."""

    def __init__(self, job: Job, precision: str) -> None: ...

    def reverse(self, name: str, inputs: Sequence[Array], cotangent: Array) -> tuple[Array, list[Array]]:
        function = FUNCTIONS[name]
        return function(*inputs), [_gradient(function, inputs, place, cotangent) for place in range(len(inputs))]

    def forward(self, name: str, inputs: Sequence[Array], tangents: Sequence[Array]) -> Array:
        moved = (one + 1j * _H * tangent for one, tangent in zip(inputs, tangents, strict=True))
        derivative: Array = FUNCTIONS[name](*moved).imag / _H
        return derivative

    def composite(self, points: Array, direction: Array) -> dict[str, Array]:
        product = composite_gradient(points + 1j * _H * direction).imag / _H
        return {
            "value": composite(points),
            "gradient": composite_gradient(points),
            "Hessian product, reverse over reverse": product,
            "Hessian product, forward over reverse": product,
        }


def composite(points: Array) -> Array:
    """Return (x₁x₂ sin x₃ + e^(x₁x₂)) / x₃ for points (n, 3)."""
    x1, x2, x3 = points.T
    value: Array = (x1 * x2 * np.sin(x3) + np.exp(x1 * x2)) / x3
    return value


def composite_gradient(points: Array) -> Array:
    """Return x₂(sin x₃ + e)/x₃, x₁(sin x₃ + e)/x₃, (x₁x₂ cos x₃ - f)/x₃ with e = e^(x₁x₂), as (n, 3)."""
    x1, x2, x3 = points.T
    common = (np.sin(x3) + np.exp(x1 * x2)) / x3
    return np.stack([x2 * common, x1 * common, (x1 * x2 * np.cos(x3) - composite(points)) / x3], axis=1)


def _gradient(function: Callable[..., Array], inputs: Sequence[Array], place: int, cotangent: Array) -> Array:
    """Return the gradient of sum(cotangent × function) by input `place`, one complex step per element."""
    moved = [one.astype(complex) if number == place else one for number, one in enumerate(inputs)]
    gradient = np.empty(inputs[place].shape)
    for index in np.ndindex(gradient.shape):
        moved[place][index] += 1j * _H
        gradient[index] = (cotangent * function(*moved).imag).sum() / _H
        moved[place][index] = inputs[place][index]
    return gradient
