"""The file that arrays are copied to: that of safetensors, of which we have a reader.

These scripts run under the user's own Python, of any version from 3.9, with nothing but the library that is needed.
"""

from __future__ import annotations

import json
import resource
import struct
from typing import Any

import numpy

MOST = 4 << 30
"""Bytes of all arrays: a small file can unpack to more than any memory holds."""
MEMORY = 4 * MOST
"""Bytes that this process may take: an array, its copy, and what the library needs."""


class Copy:
    """Tensors and texts, written at `close`."""

    def __init__(self, out: str) -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        self._out, self._at = out, 0
        self._header: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._parts: list[bytes] = []

    def require_room(self, elements: int, size: int) -> None:
        """Raise `MemoryError` where an array of so many elements of that size is too much beside the others."""
        if self._at + elements * size > MOST:
            raise MemoryError("its arrays unpack to more than " + str(MOST) + " bytes")

    def add(self, name: str, value: Any) -> None:
        """Keep a value by its name: numbers as a tensor, all else as text."""
        array = numpy.asarray(value)
        if array.dtype.kind in "OSUMm" or array.dtype.names:
            self._texts[name] = _text(value)
            return
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        raw = numpy.ascontiguousarray(array).tobytes()
        self._header[name] = {
            "dtype": str(array.dtype), "shape": list(array.shape), "data_offsets": [self._at, self._at + len(raw)],
        }  # fmt: skip
        self._parts.append(raw)
        self._at += len(raw)

    def close(self) -> None:
        """Write the file."""
        header = json.dumps({**self._header, "__metadata__": self._texts}).encode()
        with open(self._out, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.writelines(self._parts)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, numpy.ndarray):
        return json.dumps([_text(one) for one in value.ravel().tolist()])
    return str(value)
