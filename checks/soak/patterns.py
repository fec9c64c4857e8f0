"""What memory is filled with, and how a difference is described: which element, which bits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCK = 1 << 22
"""Numbers of 32 bits in a block: 16 MiB."""
ADDRESS = -1
"""In the place of a pattern: every number is its own address, so that a write that lands elsewhere is seen."""
PATTERNS = (
    ("its own address", ADDRESS),
    ("all bits 0", 0x00000000),
    ("all bits 1", 0xFFFFFFFF),
    ("0101", 0x55555555),
    ("1010", 0xAAAAAAAA),
    ("0011", 0x33333333),
    ("one bit in 32", 0x00010000),
)


class Wrong(NamedTuple):
    """The first wrong number of a product or a block, and how many there are."""

    what: str
    where: str
    place: tuple[int, ...]
    got: int
    expected: int
    wrong: int

    def __str__(self) -> str:
        bits = [bit for bit in range(32) if (self.got ^ self.expected) >> bit & 1]
        named = f"bit{'s' if len(bits) > 1 else ''} {', '.join(map(str, bits))}"
        return (
            f"{named} of {self.what} {list(self.place)} ({self.where}): {self.got:#010x} instead of "
            f"{self.expected:#010x}, {self.wrong} wrong"
        )


def block_of(number: int, pattern: int) -> Array:
    """Return block `number` as int32."""
    if pattern != ADDRESS:
        return np.full(BLOCK, np.uint32(pattern), np.uint32).view(np.int32)
    return (np.arange(BLOCK, dtype=np.uint32) + np.uint32(number * BLOCK % 2**32)).view(np.int32)


def describe(what: str, where: str, got: Array, expected: Array) -> Wrong:
    """Return the first number whose bits differ."""
    one, two = (np.ascontiguousarray(array).view(np.uint32) for array in (got, expected))
    differ = one != two
    place = np.unravel_index(int(differ.argmax()), differ.shape)
    return Wrong(what, where, tuple(map(int, place)), int(one[place]), int(two[place]), int(differ.sum()))
