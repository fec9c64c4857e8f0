"""NumPy's ``.npy`` and ``.npz``, and safetensors.

Formats: numpy.org/doc/stable/reference/generated/numpy.lib.format.html; github.com/huggingface/safetensors (format).
"""

from __future__ import annotations

import ast
import contextlib
import math
import struct
import warnings
from typing import Any

import msgspec

from gpusetup.repro.outputs.item import FORMATS, Item, Leaf, OtherFormatError, Tensor
from gpusetup.repro.outputs.names import short
from gpusetup.repro.outputs.room import Room, archive, unpacked
from gpusetup.repro.outputs.times import masked
from gpusetup.repro.outputs.values import values

MAGIC = b"\x93NUMPY"
_NUMPY = {"f8": "float64", "f4": "float32", "f2": "float16", "b1": "bool"} | {
    f"{sign}{size}": f"{'u' * (sign == 'u')}int{8 * size}" for sign in "iu" for size in (1, 2, 4, 8)
}
SAFE = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
"""The types of safetensors."""


def numpy_type(kind: str) -> str | None:
    """Return the type that NumPy calls `kind` (``<f4``), None for one that is not read here."""
    return _NUMPY.get(kind.lstrip("<|="))


def read_npy(raw: bytes, name: str = "") -> list[Item]:
    """Return the array of a ``.npy`` file; raises `OtherFormatError` also for one of Python objects."""
    if not raw.startswith(MAGIC) or len(raw) < 12:
        raise OtherFormatError
    wide = raw[6] >= 2
    length: int = struct.unpack_from("<I" if wide else "<H", raw, 8)[0]
    begin = (12 if wide else 10) + length
    try:
        with warnings.catch_warnings(action="ignore"):  # about the text of a damaged header
            header: dict[str, Any] = ast.literal_eval(raw[begin - length : begin].decode("latin-1"))
        kind, shape = str(header["descr"]), tuple(int(size) for size in header["shape"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise OtherFormatError from error
    dtype = numpy_type(kind)
    if dtype is None:
        raise OtherFormatError
    shown = shape[::-1] if header.get("fortran_order") else shape  # the same numbers in memory order
    return [tensor(name, dtype, shown, memoryview(raw)[begin:])]


def read_npz(raw: bytes, room: Room) -> list[Item]:
    """Return the arrays of a ``.npz`` file, each by its name."""
    with archive(raw) as file:
        members = sorted(file.infolist(), key=lambda one: one.filename)
        return [item for one in members for item in read_npy(unpacked(file, one, room), one.filename[: -len(".npy")])]


def read_safetensors(raw: bytes) -> list[Item]:
    """Return the tensors of a safetensors file, each by its name."""
    if len(raw) < 8:
        raise OtherFormatError
    length: int = struct.unpack_from("<Q", raw)[0]
    try:
        header = msgspec.json.decode(raw[8 : 8 + length], type=dict[str, dict[str, Any]])
    except msgspec.DecodeError as error:
        raise OtherFormatError from error
    data, found = memoryview(raw)[8 + length :], list[Item]()
    for name, row in sorted(header.items()):
        if name == "__metadata__":
            for key, text in sorted(row.items()):
                found += _text(short(f"metadata {key}"), str(text))
            continue
        try:
            (low, high), dtype = row["data_offsets"], SAFE.get(row["dtype"], str(row["dtype"]))
            shape = tuple(int(size) for size in row["shape"])
        except (KeyError, TypeError, ValueError) as error:
            raise OtherFormatError from error
        found.append(tensor(short(name), dtype, shape, data[low:high]))
    return found


def _text(name: str, text: str) -> list[Item]:
    """Return a text, value by value where it is JSON, as the configuration of a model is."""
    if text[:1] in ("{", "["):
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            return values(msgspec.json.decode(text), name)
    return [Leaf(name, masked(text))]


def tensor(name: str, dtype: str, shape: tuple[int, ...], raw: memoryview) -> Tensor:
    """Return the tensor; raises `OtherFormatError` unless it has as many bytes as its shape says."""
    if dtype in FORMATS and len(raw) != math.prod(shape) * struct.calcsize(FORMATS[dtype]):
        raise OtherFormatError
    return Tensor(name, dtype, shape, raw)
