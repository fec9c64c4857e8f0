"""Small floating-point formats: the value of every bit pattern, and which one a number rounds to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Format(NamedTuple):
    """A sign, `exponent_bits` and `fraction_bits`; `top` is what the patterns with the largest exponent mean.

    ``IEEE``: infinity and NaN. ``finite``: numbers, but for all ones, which is NaN, as in float8 e4m3fn.
    """

    name: str
    exponent_bits: int
    fraction_bits: int
    top: str = "IEEE"

    @property
    def width(self) -> int:
        """Return how many bits a number has."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def bias(self) -> int:
        """Return what is subtracted from the stored exponent."""
        return int(2 ** (self.exponent_bits - 1)) - 1

    def patterns(self) -> NDArray[Any]:
        """Return every bit pattern, in order."""
        return np.arange(1 << self.width).astype(np.uint16 if self.width == 16 else np.uint8)

    def values(self) -> Floats:
        """Return what each pattern means."""
        bits = np.arange(1 << self.width)
        sign = np.where(bits >> (self.width - 1), -1.0, 1.0)
        stored = (bits >> self.fraction_bits) & ((1 << self.exponent_bits) - 1)
        fraction = (bits & ((1 << self.fraction_bits) - 1)) / (1 << self.fraction_bits)
        normal = stored > 0
        value = sign * np.ldexp(fraction + normal, np.maximum(stored, 1) - self.bias)
        last = stored == (1 << self.exponent_bits) - 1
        if self.top == "finite":
            return np.where(last & (fraction == fraction.max()), np.nan, value)
        return np.where(last, np.where(fraction == 0, sign * np.inf, np.nan), value)

    def round(self, numbers: Floats) -> Floats:
        """Return the nearest numbers of this format, ties to even, infinity beyond the largest; NaN stays.

        A number v lies between multiples of q = 2^(e - fraction bits), with e its exponent or the smallest there is;
        float64 holds v / q exactly, and `np.rint` rounds half to even.
        """
        exponent = np.frexp(np.where(np.isfinite(numbers), numbers, 1.0))[1] - 1
        spacing = np.ldexp(1.0, np.maximum(exponent, 1 - self.bias) - self.fraction_bits)
        rounded = np.rint(numbers / spacing) * spacing
        largest = np.nanmax(np.where(np.isinf(self.values()), np.nan, self.values()))
        return np.where(np.abs(rounded) > largest, np.copysign(np.inf, numbers), rounded)


FORMATS = (
    Format("bfloat16", 8, 7),
    Format("float16", 5, 10),
    Format("float8_e4m3fn", 4, 3, "finite"),
    Format("float8_e5m2", 5, 2),
)
