"""How a number of a picture is coloured: with the colours of all charts, seen on light and dark paper alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from gpusetup.report.page.assemble import config
from gpusetup.report.page.sections.proof.pictures import Colour

_LEVELS = 62
"""Shades of one colour: with two colours a palette of a PNG holds them all."""
_GREY = 110, 120, 130
ENDS = 6
"""Places in a range of categories that stand for where a path ends: four minima, none of them, diverged."""


def between(value: float) -> Colour:
    """Return the colour of a chance of 0 to 1: the first category at 0, the second at 1, and nothing at a half."""
    return signed(2 * value - 1)


def signed(value: float) -> Colour:
    """Return the colour of a number of -1 to 1: the fainter, the nearer to 0."""
    level = round(_LEVELS * max(-1.0, min(1.0, value)))
    red, green, blue = category()[level > 0]
    return red, green, blue, round(abs(level) / _LEVELS * 255)


def shade(value: float) -> Colour:
    """Return grey for a number of 0 to 1: the more opaque, the larger."""
    level = round(2 * _LEVELS * max(0.0, min(1.0, value)))
    return *_GREY, round(level / (2 * _LEVELS) * 255)


def grey(value: float) -> Colour:
    """Return black for 0 and white for 1, as in a photo."""
    level = round(2 * _LEVELS * max(0.0, min(1.0, value)))
    one = round(level / (2 * _LEVELS) * 255)
    return one, one, one, 255


def end(value: float) -> Colour:
    """Return the colour of the category `value`, a whole number."""
    return *category()[int(value) % ENDS], 255


def stretched(values: Sequence[float], colour: Callable[[float], Colour]) -> Callable[[float], Colour]:
    """Return `colour` of a number's share of the largest magnitude among `values`."""
    largest = max((abs(value) for value in values if value == value), default=0.0) or 1.0  # noqa: PLR0124 - not NaN
    return lambda value: colour(value / largest if value == value else 0.0)  # noqa: PLR0124


@cache
def category() -> tuple[tuple[int, int, int], ...]:
    """Return the colours of categories that all charts have, as red, green and blue."""
    texts: list[str] = config()["range"]["category"]
    return tuple((int(one[1:3], 16), int(one[3:5], 16), int(one[5:7], 16)) for one in texts)
