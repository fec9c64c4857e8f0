"""The weights of resampling along one axis, for every convention that a framework has.

Where an output place lies among the inputs: centres of cells are aligned (half-pixel), or those of the first and last
(`aligned`). Beyond the edge either the last input is `repeated` (PyTorch), or the weights inside are scaled to a sum
of one (TensorFlow, JAX, and all that smooth before they shrink, as Pillow does).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.functions import einsum
from checks.operations.linear_maps import uncertain


def linear(x: Any) -> Any:
    """Return the weight of an input at distance x: a hat."""
    return np.maximum(0.0, 1 - x)


def cubic(x: Any, a: float = -0.5) -> Any:
    """Return the weight of an input at distance x (Keys 1981)."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def steep(x: Any) -> Any:
    """Return the weight with the a = -3/4 that PyTorch has where it does not smooth."""
    return cubic(x, -0.75)


def lanczos(x: Any) -> Any:
    """Return the weight of an input at distance x: a sinc within a wider one, three zeros to each side."""
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def weights(
    size: int, count: int, kernel: str, aligned: bool = False, smooth: bool = False, repeated: bool = False
) -> Any:
    """Return the (count, size) weights of the inputs."""
    kernels = {"linear": (linear, 1), "cubic": (cubic, 2), "steep": (steep, 2), "lanczos": (lanczos, 3)}
    function, reach = kernels[kernel]
    places = np.arange(count)
    at = places * (size - 1) / max(count - 1, 1) if aligned else (places + 0.5) * size / count - 0.5
    wide = max(size / count, 1.0) if smooth else 1.0
    outside = reach + 1 if repeated else 0
    inputs = np.arange(-outside, size + outside)
    apart = np.abs(at[:, None] - inputs) / wide
    index = tuple(np.broadcast_arrays(places[:, None], np.clip(inputs, 0, size - 1)))
    made, touched = np.zeros((count, size)), np.zeros((count, size))
    np.add.at(made, index, function(apart))
    np.add.at(touched, index, apart < reach + 0.001)
    if not repeated:
        made = made / made.sum(1, keepdims=True)
    # an output's place is rounded in multiples of the size, and a weight changes at most 1.5 times as fast
    return uncertain(made, touched * (12.0 * (size + 1) / wide + 64))


def resample(
    x: Any, pairs: Any, kernel: str, aligned: bool = False, smooth: bool = False, repeated: bool = False
) -> Any:
    """Return x resampled along its last axes, from and to the sizes in `pairs`."""
    letters = "abc"[: len(pairs)]
    for letter, (size, count) in zip(letters, pairs, strict=True):
        made = weights(size, count, kernel, aligned, smooth, repeated)
        x = einsum(f"z{letter},nk{letters}->nk{letters.replace(letter, 'z')}", made, x)
    return x


def overlaps(size: int, count: int) -> Any:
    """Return the (count, size) weights of a mean over what each output covers, parts of inputs included."""
    first = np.arange(count)[:, None] * size / count
    inputs = np.arange(size)
    shared = np.minimum(first + size / count, inputs + 1) - np.maximum(first, inputs)
    return uncertain(np.maximum(shared, 0.0) * count / size, (shared > -0.001) * 8.0 * (size + 1) * count / size)
