"""Finds this package's own modules in the one folder where each can be: a command imports more than two hundred.

Python's finder lists folders, tries seven suffixes and reads in five calls what one reads here, which is 9 ms of a
start. Whatever is not plain (bytecode that is missing, outdated, moved or validated by hash) is left to Python.
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, spec_from_file_location
from types import CodeType, ModuleType

OURS = f"{__name__.partition('.')[0]}."
HEAD = 16
"""Bytes before the code: magic number, flags (0: valid by date and size), date, size (PEP 552)."""
SUFFIX = cache_from_source("_.py").rpartition("_.")[2] if sys.implementation.cache_tag else ""
"""Of bytecode: ``cpython-311.pyc``."""
PIECE = 1 << 16
"""Bytes read at once; a larger buffer is mapped anew for each file, which takes ten times as long."""


class BytecodeLoader(SourceFileLoader):
    """Reads the bytecode of a module if it is that of the present source, else does as Python does."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module."""
        return _fresh_code(self.path, _bytecode(self.path)) or super().get_code(fullname)


class OwnFinder:
    """Finds modules of this package; any other is for the next finder."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where the module is, None for what is not ours or not a plain file."""
        if not name.startswith(OURS) or path is None or len(path) != 1:
            return None
        base = f"{path[0]}/{name.rpartition('.')[2]}"
        if os.path.isfile(f"{base}.py"):
            return _spec(name, f"{base}.py", None)
        return _spec(name, f"{base}/__init__.py", [base]) if os.path.isfile(f"{base}/__init__.py") else None


def install() -> None:
    """Let the modules of this package be found so; not where Python keeps bytecode elsewhere."""
    if sys.pycache_prefix is None and sys.implementation.cache_tag:
        sys.meta_path.insert(0, OwnFinder)


def _spec(name: str, file: str, places: list[str] | None) -> ModuleSpec | None:
    loader = BytecodeLoader(name, file)
    spec = spec_from_file_location(name, file, loader=loader, submodule_search_locations=places)
    if spec is not None:
        spec.cached = _bytecode(file)
    return spec


def _bytecode(source: str) -> str:
    """Return what `cache_from_source` does, in a tenth of the time."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('py')}{SUFFIX}"


def _fresh_code(source: str, compiled: str) -> CodeType | None:
    """Return the `compiled` code, None unless it names date and size of the present `source`."""
    try:
        now = os.stat(source)
        data = _bytes(compiled)
    except OSError:
        return None
    if data[:HEAD] != MAGIC_NUMBER + b"\0\0\0\0" + _low(int(now.st_mtime)) + _low(now.st_size):
        return None
    code: CodeType = marshal.loads(memoryview(data)[HEAD:])  # noqa: S302 - as Python reads the same file
    return code if code.co_filename == source else None


def _bytes(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = piece = os.read(handle, PIECE)
        while len(piece) == PIECE:
            piece = os.read(handle, PIECE)
            data += piece
    finally:
        os.close(handle)
    return data


def _low(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")
