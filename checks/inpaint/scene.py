"""Scenes whose geometry is known: a wall, and a square in front of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers, uniform

SIDE, SQUARE = 16, 5
NEAR = 4.0
"""Disparity of the square: how many columns it moves at one step, more than any place of the wall."""


class Photo(NamedTuple):
    """Pictures (n, 16, 16, 2) with what is known of the wall (n, 16, 16, 1), and the wall itself.

    Both are less the wall's mean, as far as it is known (n, 1, 1, 2): what is to be filled is the departure from it.
    """

    pictures: NDArray[np.float64]
    known: NDArray[np.float64]
    wall: NDArray[np.float64]
    centre: NDArray[np.float64]


def draw_scenes(seed: int, stream: str, count: int) -> Photo:
    """Return pictures with the square in them, what they show of the wall, and the wall, all less the mean it shows."""
    wall = draw_walls(seed, stream, count)
    covered = draw_squares(seed, stream, count)
    grey = uniform(seed, f"{stream} square", (count, 1, 1), 0.5)
    front = np.stack([np.broadcast_to(grey, covered.shape), np.full(covered.shape, NEAR)], axis=-1)
    known = 1.0 - covered[..., None]
    mean = (wall * known).sum(axis=(1, 2), keepdims=True) / known.sum(axis=(1, 2), keepdims=True)
    centre = mean.astype(np.float32).astype(np.float64)
    return Photo(np.where(covered[..., None], front, wall) - centre, known.astype(np.float64), wall - centre, centre)


def draw_walls(seed: int, stream: str, count: int) -> NDArray[np.float64]:
    """Return brightness and disparity (n, 16, 16, 2), linear in both directions; exact in binary."""
    drawn = uniform(seed, f"{stream} wall", (count, 2, 3))
    across = (np.arange(SIDE) - SIDE / 2) / SIDE
    slopes = drawn[:, :, 1, None, None] * across[:, None] + drawn[:, :, 2, None, None] * across
    planes = drawn[:, :, 0, None, None] * 0.5 + slopes
    planes[:, 1] += 2  # disparity, further away than the square
    return np.moveaxis(planes, 1, -1)


def draw_squares(seed: int, stream: str, count: int) -> NDArray[np.bool_]:
    """Return where the square stands (n, 16, 16), at least three places from the margin."""
    row, column = integers(seed, f"{stream} place", (2, count, 1, 1), bits=16) % (SIDE - SQUARE - 5) + 3
    rows, columns = np.arange(SIDE)[:, None], np.arange(SIDE)
    inside: NDArray[np.bool_] = (
        (rows >= row) & (rows < row + SQUARE) & (columns >= column) & (columns < column + SQUARE)
    )
    return inside
