"""What models are made of, as functions of `tape.Node`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from checks.common.tape import Array, Node

Integers = NDArray[np.int64]


def exp(x: Node) -> Node:
    """Return e^x."""
    value = np.exp(x.value)
    return Node(value, [(x, lambda slope: slope * value)])


def sqrt(x: Node) -> Node:
    """Return √x."""
    value = np.sqrt(x.value)
    return Node(value, [(x, lambda slope: slope / (2 * value))])


def tanh(x: Node) -> Node:
    """Return tanh x."""
    value = np.tanh(x.value)
    return Node(value, [(x, lambda slope: slope * (1 - value**2))])


def relu(x: Node) -> Node:
    """Return x where it is above 0, else 0."""
    return Node(np.maximum(x.value, 0), [(x, lambda slope: slope * (x.value > 0))])


def softplus(x: Node) -> Node:
    """Return ln(1 + e^x), without overflow for any x."""
    return Node(np.logaddexp(0, x.value), [(x, lambda slope: slope * 0.5 * (1 + np.tanh(0.5 * x.value)))])


def log_softmax(x: Node) -> Node:
    """Return x - ln Σ e^x along the last axis."""
    shifted = x.value - x.value.max(axis=-1, keepdims=True)
    value = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return Node(value, [(x, lambda slope: slope - np.exp(value) * slope.sum(axis=-1, keepdims=True))])


def cross_entropy(scores: Node, truth: Integers) -> Node:
    """Return -ln softmax(scores)[truth], mean over the rows."""
    return -log_softmax(scores)[np.arange(len(truth)), truth].mean()


def concatenate(parts: Sequence[Node], axis: int = -1) -> Node:
    """Return the parts side by side."""
    value = np.concatenate([part.value for part in parts], axis=axis)
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]
    return Node(
        value,
        [
            (part, lambda slope, place=place: np.split(slope, ends, axis=axis)[place])  # type: ignore[misc]
            for place, part in enumerate(parts)
        ],
    )


def segment_sum(x: Node, segments: Integers, count: int) -> Node:
    """Return the sum of the rows of each segment (count, …); 0 for one without rows."""
    value = np.zeros((count, *x.shape[1:]))
    np.add.at(value, segments, x.value)
    return Node(value, [(x, lambda slope: slope[segments])])


def convolve(x: Node, kernel: Node) -> Node:
    """Return images (n, h, w, c) with a kernel (3, 3, c, o), at stride 1, zeros around them ("same")."""
    edge = kernel.shape[0] // 2

    def windows(images: Array) -> Array:
        padded = np.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
        return sliding_window_view(padded, kernel.shape[:2], axis=(1, 2))  # n, h, w, c, i, j

    def to_images(slope: Array) -> Array:
        turned = kernel.value[::-1, ::-1]
        passed: Array = np.einsum("nhwoij,ijco->nhwc", windows(slope), turned, optimize=True)
        return passed

    seen = windows(x.value)
    return Node(
        np.einsum("nhwcij,ijco->nhwo", seen, kernel.value, optimize=True),
        [(x, to_images), (kernel, lambda slope: np.einsum("nhwcij,nhwo->ijco", seen, slope, optimize=True))],
    )


def largest_of_four(x: Node) -> Node:
    """Return the largest of each 2 x 2 block of images (n, h, w, c); the first of equal ones gets the slope."""
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)
    best = blocks.value.argmax(axis=-1)
    return blocks[(*np.indices(best.shape), best)]
