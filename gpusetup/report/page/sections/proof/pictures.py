"""Pictures that a proof holds: as numbers, and as small PNG images that a chart places.

A plane of 1024 places is one image of some 300 bytes, where 1024 rectangles would be 60 KB of a page.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from gpusetup.selftest.model import Picture

Colour = tuple[int, int, int, int]
"""Red, green, blue and how opaque it is, each in 255ths."""
_CODES = {"uint8": "B", "float16": "e"}
_PLANE = 2  # axes
_MOST = 1 << 22
"""Numbers in one picture: the largest of ours has 20,000."""


class Plane(NamedTuple):
    """Numbers row by row, the first row on top."""

    width: int
    height: int
    values: tuple[float, ...]

    def turned(self) -> Plane:
        """Return it with the last row on top: a plane is recorded from y's smallest value up."""
        rows = [self.values[at : at + self.width] for at in range(0, len(self.values), self.width)]
        return self._replace(values=tuple(value for row in reversed(rows) for value in row))


def numbers(picture: Picture, axes: int = 0) -> tuple[float, ...]:
    """Return the numbers of a picture, the last axis fastest.

    Raises `WrongInputError` where it is spoilt, or has other than so many `axes` (0: any).
    """
    if axes and len(picture.shape) != axes:
        raise spoilt(picture, f"its shape is {picture.shape}")
    try:
        return _unpacked(picture)
    except (ValueError, zlib.error, struct.error) as error:
        raise spoilt(picture, str(error)) from error


def formed(picture: Picture, *lengths: int) -> Picture:
    """Return the picture where its axes have these `lengths`, of which 0 is any from 1; raises `WrongInputError`."""
    shape = picture.shape
    fits = all(found == length if length else found > 0 for found, length in zip(shape, lengths, strict=False))
    if len(shape) != len(lengths) or not fits:
        raise spoilt(picture, f"its shape is {shape}")
    return picture


def spoilt(picture: Picture, why: str) -> WrongInputError:
    """Return the error that says of a picture why it cannot be drawn."""
    remedy = "save the proof again with gpusetup selftest --save"
    return WrongInputError(f"the picture {picture.name} in the proof is spoilt: {why}", remedy)


def _unpacked(picture: Picture) -> tuple[float, ...]:
    size, code = math.prod(picture.shape), _CODES[picture.dtype]
    if not 0 <= size <= _MOST or any(length < 0 for length in picture.shape):
        raise ValueError(f"its shape is {picture.shape}")
    most = size * struct.calcsize(code) + 1  # so that what is too long shows, and a bomb does not
    raw = zlib.decompressobj().decompress(base64.b64decode(picture.data, validate=True), most)
    return struct.unpack(f"<{size}{code}", raw)


def planes(picture: Picture) -> list[Plane]:
    """Return the planes of a picture, whose last two axes are rows and columns."""
    if len(picture.shape) < _PLANE:
        raise spoilt(picture, f"its shape is {picture.shape}")
    found, (height, width) = numbers(picture), picture.shape[-2:]
    size = height * width
    return [Plane(width, height, found[at : at + size]) for at in range(0, len(found), size)] if size else []


def beside(shown: Sequence[Plane]) -> Plane:
    """Return planes of one height beside each other."""
    rows = [
        value
        for row in range(shown[0].height)
        for one in shown
        for value in one.values[row * one.width : (row + 1) * one.width]
    ]
    return Plane(sum(one.width for one in shown), shown[0].height, tuple(rows))


def image(plane: Plane, colour: Callable[[float], Colour]) -> str:
    """Return the plane as a PNG in a data URI, each number in its `colour`."""
    palette: dict[Colour, int] = {}
    index = [palette.setdefault(colour(value), len(palette)) for value in plane.values]
    colours = list(palette)
    rows = b"".join(
        b"\0" + bytes(index[row * plane.width : (row + 1) * plane.width]) for row in range(plane.height)
    )  # 0: no filter
    header = struct.pack(">IIBBBBB", plane.width, plane.height, 8, 3, 0, 0, 0)  # 8 bits per pixel, by palette
    parts = {
        b"IHDR": header,
        b"PLTE": bytes(part for one in colours for part in one[:3]),
        b"tRNS": bytes(one[3] for one in colours),
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    return f"data:image/png;base64,{base64.b64encode(_png(parts.items())).decode('ascii')}"


def _png(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a PNG file (W3C PNG specification, third edition, section 5)."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
