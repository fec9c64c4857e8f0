"""The parts of an output: tensors and texts, each with a name."""

from __future__ import annotations

import struct
from typing import NamedTuple

BYTES = "byte"
_SIGN = {2: 1 << 15, 4: 1 << 31, 8: 1 << 63}
_INTEGER = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
FORMATS = {
    "float64": "<d", "float32": "<f", "float16": "<e", "bfloat16": "<H", "int64": "<q", "int32": "<i", "int16": "<h",
    "int8": "<b", "uint64": "<Q", "uint32": "<I", "uint16": "<H", "uint8": "<B", "bool": "<B", BYTES: "<B",
}  # fmt: skip
"""How one little-endian element of each type is read."""
FLOATS = {"float64", "float32", "float16", "bfloat16"}


class OtherFormatError(Exception):
    """A file that is not of the format that its name says, or of a part of it that is not read here."""


class Tensor(NamedTuple):
    """Numbers, little-endian in row-major order: `raw` holds ``prod(shape)`` elements of `dtype`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    raw: bytes | memoryview


class Leaf(NamedTuple):
    """One line of a text, or one value of a document."""

    name: str
    text: str


Item = Tensor | Leaf


class Place(NamedTuple):
    """Where two items first differ, and the two values there; `ulps` is None unless both are finite numbers."""

    element: tuple[int, ...]
    first: str
    second: str
    ulps: int | None = None


def first_difference(one: Item, other: Item) -> Place | None:
    """Return where `other` first differs from `one`, None where it does not."""
    if isinstance(one, Leaf) or isinstance(other, Leaf):
        first, second = _shown(one), _shown(other)
        return None if first == second else Place((), first, second)
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return Place((), f"{one.dtype}{list(one.shape)}", f"{other.dtype}{list(other.shape)}")
    if one.raw == other.raw:
        return None
    size = struct.calcsize(FORMATS[one.dtype]) if one.dtype in FORMATS else 1
    number = _differing_byte(memoryview(one.raw), memoryview(other.raw)) // size
    if one.dtype not in FORMATS:
        return Place((number,), "", "")
    return place_at(one, other, number)


def place_at(one: Tensor, other: Tensor, number: int) -> Place:
    """Return what two tensors of one type and shape hold at the element `number`, counted in row-major order."""
    size = struct.calcsize(FORMATS[one.dtype])
    parts = [bytes(item.raw[number * size : (number + 1) * size]) for item in (one, other)]
    first, second = (_value(one.dtype, part) for part in parts)
    return Place(_index(number, one.shape), first, second, _ulps(one.dtype, *parts))


def _shown(item: Item) -> str:
    return item.text if isinstance(item, Leaf) else f"{item.dtype}{list(item.shape)}"


def _differing_byte(one: memoryview, other: memoryview) -> int:
    """Return the number of the first byte that differs, by halves: the texts are known to differ."""
    low, high = 0, min(len(one), len(other))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if one[low:middle] != other[low:middle] else (middle, high)
    return low


def _index(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    found: list[int] = []
    for length in reversed(shape):
        number, place = divmod(number, length)
        found.insert(0, place)
    return tuple(found)


def _number(dtype: str, raw: bytes) -> float:
    if dtype == "bfloat16":  # the upper half of a float32
        return float(struct.unpack("<f", b"\0\0" + raw)[0])
    return struct.unpack(FORMATS[dtype], raw)[0]  # type: ignore[no-any-return]


def _value(dtype: str, raw: bytes) -> str:
    number = _number(dtype, raw)
    return f"{number:.9g}" if dtype in FLOATS and dtype != "float64" else repr(number)


def _ulps(dtype: str, one: bytes, other: bytes) -> int | None:
    """Return how many numbers of the type lie between two of them, None unless both are finite floats."""
    if dtype not in FLOATS or any(abs(_number(dtype, raw)) == float("inf") for raw in (one, other)):
        return None
    if any(_number(dtype, raw) != _number(dtype, raw) for raw in (one, other)):
        return None
    return abs(_rank(one) - _rank(other))


def _rank(raw: bytes) -> int:
    """Return the place of a float among all of its type, in order of size (IEEE 754: ordered as sign and magnitude)."""
    bits: int = struct.unpack(_INTEGER[len(raw)], raw)[0]
    sign = _SIGN[len(raw)]
    return -(bits ^ sign) if bits & sign else bits
