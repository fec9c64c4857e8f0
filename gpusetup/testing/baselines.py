"""The file of one baseline: safetensors, which any reader of that format opens; nothing in it can be run.

Format: github.com/huggingface/safetensors, "Format". Texts and the environment stand in its metadata.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import NamedTuple

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import read, write
from gpusetup.repro.outputs.arrays import SAFE
from gpusetup.repro.outputs.item import FORMATS, Item, Leaf, Tensor

SUFFIX = ".safetensors"
VERSION = "1"
_REMEDY = "make it anew with --gpusetup-update, or take it from version control"
_HEAD = 8
_NAMES = {dtype: short for short, dtype in SAFE.items()}


class Baseline(NamedTuple):
    """What was saved, and the environment that it was computed in."""

    items: list[Item]
    environment: dict[str, str]


class _Row(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


class _Metadata(msgspec.Struct):
    gpusetup: str
    order: str
    texts: str
    environment: str


class _BrokenError(Exception):
    """The file is not what `encode` writes; the message says why."""


def encode(items: list[Item], environment: dict[str, str]) -> bytes:
    """Return the bytes of a baseline: the same ones for the same content."""
    tensors = [item for item in items if isinstance(item, Tensor)]
    texts = {item.name: item.text for item in items if isinstance(item, Leaf)}
    rows, place = dict[str, _Row](), 0
    for tensor in tensors:
        end = place + len(tensor.raw)
        rows[tensor.name] = _Row(_NAMES[tensor.dtype], list(tensor.shape), (place, end))
        place = end
    metadata = _Metadata(VERSION, _json([item.name for item in items]), _json(texts), _json(environment))
    header = msgspec.json.encode({"__metadata__": metadata} | rows)
    header += b" " * (-len(header) % _HEAD)
    return struct.pack("<Q", len(header)) + header + b"".join(tensor.raw for tensor in tensors)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def load(path: Path) -> Baseline:
    """Read a baseline; raises `WrongInputError`, on one line, for what is none."""
    raw = read(path, "the baseline", most=1 << 30)
    try:
        return _decode(raw)
    except (_BrokenError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError) as error:
        raise WrongInputError(f"{path} is not a baseline: {error}", _REMEDY) from error


def _decode(raw: bytes) -> Baseline:
    if len(raw) < _HEAD:
        raise _BrokenError("it is too short")
    length: int = struct.unpack_from("<Q", raw)[0]
    if length > len(raw) - _HEAD:
        raise _BrokenError("it is cut off")
    header = msgspec.json.decode(raw[_HEAD : _HEAD + length], type=dict[str, msgspec.Raw])
    metadata = msgspec.json.decode(header.pop("__metadata__", msgspec.Raw(b"null")), type=_Metadata)
    if metadata.gpusetup != VERSION:
        raise _BrokenError(f"it has version {metadata.gpusetup[:20]!r}, and this gpusetup reads {VERSION}")
    data = memoryview(raw)[_HEAD + length :]
    rows = {name: msgspec.json.decode(row, type=_Row) for name, row in header.items()}
    found: dict[str, Item] = {name: _tensor(name, row, data) for name, row in rows.items()}
    texts = msgspec.json.decode(metadata.texts, type=dict[str, str])
    found |= {name: Leaf(name, text) for name, text in texts.items()}
    order = msgspec.json.decode(metadata.order, type=list[str])
    if sorted(order) != sorted(found):
        raise _BrokenError("its parts are not those that it lists")
    return Baseline([found[name] for name in order], msgspec.json.decode(metadata.environment, type=dict[str, str]))


def _tensor(name: str, row: _Row, data: memoryview) -> Tensor:
    dtype, (low, high) = SAFE.get(row.dtype, ""), row.data_offsets
    if not dtype or min(row.shape, default=0) < 0:
        raise _BrokenError(f"{name[:60]!r} is of the type {row.dtype[:20]!r}")
    if not 0 <= low <= high <= len(data) or high - low != math.prod(row.shape) * struct.calcsize(FORMATS[dtype]):
        raise _BrokenError(f"{name[:60]!r} does not have the bytes of its shape")
    return Tensor(name, dtype, tuple(row.shape), data[low:high])


def save(path: Path, items: list[Item], environment: dict[str, str]) -> None:
    """Write a baseline in one step, and make its folder; raises `WrongInputError` where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInputError(f"cannot write the baseline {path}: {error.strerror}") from error
    write(path, encode(items, environment))
