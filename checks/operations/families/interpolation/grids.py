"""What a grid of places takes from an image, with what stands for places outside.

A place is drawn as a multiple of 2^-15, so that every framework computes it exactly, and no kink is undecided.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.functions import absolute, where


def number(x: Any) -> Any:
    """Return the numbers of an array without their bounds."""
    return getattr(x, "value", x)


def place(g: Any, size: int, aligned: bool) -> Any:
    """Return where -1 … 1 lies among `size` cells: from centre to centre, or from edge to edge."""
    return (g + 1) * ((size - 1) / 2) if aligned else (g + 1) * (size / 2) - 0.5


def inside(x: Any, size: int, padding: str, aligned: bool) -> Any:
    """Return the place that is looked at: moved onto the border, or mirrored at it; zeros are left outside."""
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, span = (0.0, size - 1.0) if aligned else (-0.5, float(size))
        if not span:
            return x * 0.0
        far = absolute(x - low)
        turns = np.floor(number(far) / span)
        rest = far - turns * span
        x = where(turns % 2 == 0, rest + low, span + low - rest)
    within = (number(x) > 0) & (number(x) < size - 1)
    return where(within, x, np.clip(number(x), 0, size - 1))


def corner(image: Any, row: Any, column: Any) -> Any:
    """Return the elements of (n, c, h, w) at (n, p, q) rows and columns as (n, p, q, c): zeros outside."""
    there = (row >= 0) & (row < image.shape[2]) & (column >= 0) & (column < image.shape[3])
    n = np.arange(image.shape[0])[:, None, None]
    row, column = np.clip(row, 0, image.shape[2] - 1), np.clip(column, 0, image.shape[3] - 1)
    return image.transpose(0, 2, 3, 1)[n, row, column] * there[..., None]


def bilinear(x: Any, g: Any, padding: str = "zeros", aligned: bool = False) -> Any:
    """Return (n, c, p, q): the mean of the four elements around each place, weighted by nearness."""
    across = inside(place(g[..., 0], x.shape[3], aligned), x.shape[3], padding, aligned)
    down = inside(place(g[..., 1], x.shape[2], aligned), x.shape[2], padding, aligned)
    left, top = (np.floor(number(one)).astype(int) for one in (across, down))
    right, low = across - left, down - top
    found: Any = 0.0
    for row, tall in ((top, 1 - low), (top + 1, low)):
        for column, wide in ((left, 1 - right), (left + 1, right)):
            found = found + corner(x, row, column) * (tall * wide)[..., None]
    return found.transpose(0, 3, 1, 2)


def nearest(x: Any, g: Any, padding: str = "zeros", aligned: bool = False) -> Any:
    """Return (n, c, p, q): the nearest element, of two the even one."""
    across = inside(place(g[..., 0], x.shape[3], aligned), x.shape[3], padding, aligned)
    down = inside(place(g[..., 1], x.shape[2], aligned), x.shape[2], padding, aligned)
    row, column = (np.rint(number(one)).astype(int) for one in (down, across))
    return corner(x, row, column).transpose(0, 3, 1, 2)


def bicubic(x: Any, g: Any, aligned: bool = False) -> Any:
    """Return (n, c, p, q): a cubic through the sixteen elements around each place, zeros outside."""
    across, down = place(g[..., 0], x.shape[3], aligned), place(g[..., 1], x.shape[2], aligned)
    left, top = (np.floor(number(one)).astype(int) for one in (across, down))
    found: Any = 0.0
    for n in range(-1, 3):
        for m in range(-1, 3):
            share = cubic_weight(down - top, n) * cubic_weight(across - left, m)
            found = found + corner(x, top + n, left + m) * share[..., None]
    return found.transpose(0, 3, 1, 2)


def cubic_weight(t: Any, n: int) -> Any:
    """Return the weight of the n-th element from the one at or before the place, t beyond that; a is -3/4."""
    x = t - n if n <= 0 else n - t
    if n in {0, 1}:
        return (1.25 * x - 2.25) * x * x + 1
    return ((-0.75 * x + 3.75) * x - 6) * x + 3


def trilinear(x: Any, g: Any) -> Any:
    """Return (n, c, o, p, q): the mean of the eight elements around each place of a volume, zeros outside."""
    sizes = x.shape[2:]
    places = [place(g[..., 2 - axis], sizes[axis], False) for axis in range(3)]
    low = [np.floor(number(one)).astype(int) for one in places]
    over = [one - first for one, first in zip(places, low, strict=True)]
    batch = np.arange(x.shape[0])[:, None, None, None]
    found: Any = 0.0
    for bits in np.ndindex(2, 2, 2):
        at = [first + bit for first, bit in zip(low, bits, strict=True)]
        there = np.all([(one >= 0) & (one < size) for one, size in zip(at, sizes, strict=True)], 0)
        held = [np.clip(one, 0, size - 1) for one, size in zip(at, sizes, strict=True)]
        share: Any = there
        for bit, part in zip(bits, over, strict=True):
            share = (part if bit else 1 - part) * share
        found = found + x.transpose(0, 2, 3, 4, 1)[(batch, *held)] * share[..., None]
    return found.transpose(0, 4, 1, 2, 3)


def sampled(x: Any, r: Any, c: Any, beyond: str) -> Any:
    """Return what an image has at rows r and columns c, between elements the mean by nearness."""
    top, left = (np.floor(number(one)).astype(int) for one in (r, c))
    found: Any = 0.0
    for n in (0, 1):
        for m in (0, 1):
            tall, wide = (r - top if n else 1 - (r - top)), (c - left if m else 1 - (c - left))
            found = found + looked_up(x, top + n, left + m, beyond) * (tall * wide)
    return found


def looked_up(x: Any, row: Any, column: Any, beyond: str) -> Any:
    """Return elements of an image: outside it zeros, the nearest, or the image again."""
    there = (row >= 0) & (row < x.shape[0]) & (column >= 0) & (column < x.shape[1])
    if beyond == "wrap":
        return x[row % x.shape[0], column % x.shape[1]]
    found = x[np.clip(row, 0, x.shape[0] - 1), np.clip(column, 0, x.shape[1] - 1)]
    return found * there if beyond == "constant" else found


def affine(t: Any, H: int, W: int, aligned: bool) -> Any:  # noqa: N803 - the sizes' names
    """Return the (n, H, W, 2) places to which (n, 2, 3) maps those of an image."""
    rows, columns = (ends(size, aligned) for size in (H, W))
    grid = np.stack([*np.broadcast_arrays(columns[None, :], rows[:, None]), np.ones((H, W))], -1)
    return (grid.reshape(1, H * W, 3) @ t.transpose(0, 2, 1)).reshape(t.shape[0], H, W, 2)


def ends(size: int, aligned: bool) -> Any:
    """Return the places of `size` cells between -1 and 1."""
    whole = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
    return whole if aligned else whole * (size - 1) / size
