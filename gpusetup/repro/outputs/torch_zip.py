"""PyTorch's checkpoints, read without PyTorch.

Format: a zip file with a pickle ``data.pkl`` that refers to storages, which are the files ``data/0``, ``data/1`` …
(pytorch.org/docs/stable/notes/serialization.html).
"""

from __future__ import annotations

import math
import struct
import zipfile
from typing import Any

from gpusetup.repro.outputs.item import FORMATS, Item, OtherFormatError, Tensor
from gpusetup.repro.outputs.objects import parts
from gpusetup.repro.outputs.pickles import Inert, Reader, Storage
from gpusetup.repro.outputs.room import Room, archive, unpacked

_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
_TENSORS = {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"}
_VIEWED = 7
"""Arguments of ``_rebuild_tensor_v3`` up to the type: its storage has none (torch/_utils.py, PyTorch 2.13)."""


def read_torch(raw: bytes, room: Room) -> list[Item]:
    """Return the tensors and values of a checkpoint, each by its path (``model.fc.weight``)."""
    with archive(raw) as file:
        inside = next(name for name in file.namelist() if name.endswith("/data.pkl"))
        storages = _Storages(file, inside.removesuffix("data.pkl") + "data/", room)
        return parts(Reader(unpacked(file, file.getinfo(inside), room)).load(), storages.tensor)


def read_pickle(raw: bytes) -> list[Item]:
    """Return the values of a pickle by their paths: its bytes also tell which of them are one object."""
    try:
        return parts(Reader(raw).load(), lambda _, __: None)
    except Exception as error:  # an unpickler fails in any way that its input likes
        raise OtherFormatError from error


class _Storages:
    """The storages of a checkpoint, each unpacked once, however many tensors are views of it."""

    def __init__(self, file: zipfile.ZipFile, folder: str, room: Room) -> None:
        self._file, self._folder, self._room = file, folder, room
        self._read: dict[str, memoryview] = {}

    def tensor(self, value: Any, path: str) -> Item | None:
        """Return the tensor that `value` makes anew when it is loaded, None for any other value."""
        name = value.name.rpartition(".")[2] if isinstance(value, Inert) else ""
        if name == "_rebuild_parameter":
            return self.tensor(value.args[0], path)
        if name not in _TENSORS:
            return None
        storage, offset, shape, strides = value.args[:4]
        if not isinstance(storage, Storage):
            return None
        dtype, raw = _type(value, storage), self._raw(storage.key)
        if dtype not in FORMATS or tuple(strides) != _contiguous(shape):
            return Tensor(path, dtype if dtype not in FORMATS else f"{dtype} strided", tuple(shape), raw)
        size = struct.calcsize(FORMATS[dtype])
        return Tensor(path, dtype, tuple(shape), raw[offset * size : (offset + math.prod(shape)) * size])

    def _raw(self, key: str) -> memoryview:
        if key not in self._read:
            member = self._file.getinfo(self._folder + key)
            self._read[key] = memoryview(unpacked(self._file, member, self._room))
        return self._read[key]


def _type(value: Inert, storage: Storage) -> str:
    named = value.args[_VIEWED - 1] if len(value.args) >= _VIEWED else None
    if isinstance(named, type) and issubclass(named, Inert):
        return named.name.rpartition(".")[2]
    return _STORAGES.get(storage.kind, storage.kind)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
