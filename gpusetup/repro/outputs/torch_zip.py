"""PyTorch's checkpoints, read without PyTorch and without running what a pickle asks for.

Format: a zip file with a pickle ``data.pkl`` that refers to storages, which are the files ``data/0``, ``data/1`` …
(pytorch.org/docs/stable/notes/serialization.html). The pickle's classes and functions are replaced by inert records,
so that no code runs whoever wrote the file.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

from gpusetup.repro.outputs.arrays import OtherFormatError
from gpusetup.repro.outputs.item import FORMATS, Item, Leaf, Tensor

_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
DEEPEST = 64
"""Levels of nesting that are looked into; a checkpoint has about five."""


class Inert:
    """What a class or a function of the pickle becomes: it keeps what it is given, and does nothing."""

    name = ""

    def __init__(self, *args: Any) -> None:
        self.args, self.state, self.items = args, None, list[Any]()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items.append((key, value))

    def append(self, value: Any) -> None:
        """Keep an element of a list-like object."""
        self.items.append(value)

    extend = None  # so that the unpickler appends one by one


class _Mapping(dict[Any, Any]):
    """An OrderedDict: it may have attributes (``_metadata`` of a state_dict), which `vars` returns."""


class _Storage:
    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Mapping
        return type(name, (Inert,), {"name": f"{module}.{name}"})

    def persistent_load(self, pid: Any) -> Any:
        kind, key = pid[1], pid[2]
        return _Storage(getattr(kind, "name", str(kind)).rpartition(".")[2], str(key))


def read_torch(raw: bytes) -> list[Item]:
    """Return the tensors and values of a checkpoint, each by its path (``model.fc.weight``)."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as file:
            inside = next(name for name in file.namelist() if name.endswith("/data.pkl"))
            whole = _Reader(io.BytesIO(file.read(inside))).load()
            return list(_walk(whole, "", file, inside.removesuffix("data.pkl") + "data/", DEEPEST))
    except Exception as error:  # an unpickler fails in any way that its input likes
        raise OtherFormatError from error


def read_pickle(raw: bytes) -> list[Item]:
    """Return the values of a pickle by their paths: its bytes also tell which of them are one object."""
    try:
        with zipfile.ZipFile(io.BytesIO(), "w") as none:
            return list(_walk(_Reader(io.BytesIO(raw)).load(), "", none, "", DEEPEST))
    except Exception as error:  # as above
        raise OtherFormatError from error


def _walk(value: Any, path: str, file: zipfile.ZipFile, folder: str, left: int) -> Iterator[Item]:
    if not left:
        yield Leaf(path, "nested too deeply")
    elif isinstance(value, dict):
        for key, part in (value | vars(value) if isinstance(value, _Mapping) else value).items():
            yield from _walk(part, f"{path}.{key}" if path else str(key), file, folder, left - 1)
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield from _walk(part, f"{path}[{number}]", file, folder, left - 1)
    elif isinstance(value, Inert):
        yield from _object(value, path, file, folder, left)
    else:
        yield Leaf(path, repr(value))


def _object(value: Inert, path: str, file: zipfile.ZipFile, folder: str, left: int) -> Iterator[Item]:
    name = value.name.rpartition(".")[2]
    if name in {"_rebuild_tensor_v2", "_rebuild_tensor"} and isinstance(value.args[0], _Storage):
        yield _tensor(value, path, file, folder)
    elif name == "_rebuild_parameter":
        yield from _walk(value.args[0], path, file, folder, left - 1)
    else:
        for part in (*value.args, value.state, dict(enumerate(value.items))):
            if part is not None:
                yield from _walk(part, path, file, folder, left - 1)


def _tensor(value: Inert, path: str, file: zipfile.ZipFile, folder: str) -> Item:
    storage, offset, shape, strides = value.args[:4]
    dtype = _STORAGES.get(storage.kind, storage.kind)
    raw = file.read(folder + storage.key)
    if dtype not in FORMATS or tuple(strides) != _contiguous(shape):
        return Tensor(path, dtype if dtype not in FORMATS else f"{dtype} strided", tuple(shape), raw)
    size = struct.calcsize(FORMATS[dtype])
    return Tensor(path, dtype, tuple(shape), raw[offset * size : (offset + math.prod(shape)) * size])


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
