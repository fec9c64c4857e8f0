"""Reads a pickle without running what it asks for: its classes and functions become inert records.

Memory and time stay within a multiple of the file's size. So Python's own unpickler is taken: that of C makes as much
memory for its memo as a damaged number says. Nothing is hashed that the file nests in itself: the hash of a tuple of
two tuples of two tuples … takes twice as long with each level.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable, Iterable
from typing import Any


class Inert:
    """What an object of the pickle becomes: it keeps what it is given, and does nothing.

    `args` are those it was made with, `state` what its ``__dict__`` was, `elements` and `pairs` what a list-like or
    dictionary-like object holds.
    """

    name = ""
    args: tuple[Any, ...] = ()
    state: Any = None
    elements: list[Any]
    pairs: list[tuple[Any, Any]]

    def __new__(cls, *args: Any) -> Any:
        made = super().__new__(cls)
        made.args, made.elements, made.pairs = args, [], []
        return made

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))

    def append(self, value: Any) -> None:
        """Keep an element of a list-like object."""
        self.elements.append(value)

    def extend(self, values: list[Any]) -> None:
        """Keep elements of a list-like object."""
        self.elements.extend(values)


class Mapping(Inert):
    """A dictionary."""


class Bag(Inert):
    """A set: its elements in the order of the file."""

    def __new__(cls, elements: Iterable[Any] = ()) -> Any:
        made = super().__new__(cls)
        made.elements = list(elements)
        return made

    add = Inert.append


class Row(tuple[Any, ...]):
    """A tuple that is equal to itself alone."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__


class Storage:
    """A storage of PyTorch, which a checkpoint keeps beside its pickle: the type of its elements, and its key."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key


_BUILT_IN: dict[tuple[str, str], type[Inert]] = {
    ("collections", "OrderedDict"): Mapping,
    **dict.fromkeys(((module, name) for module in ("builtins", "__builtin__") for name in ("set", "frozenset")), Bag),
}
"""The modules of Python 3, and those that protocols 0 to 2 write."""


class Reader(pickle._Unpickler):
    """Reads one pickle; raises whatever a damaged one leads to."""

    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw))
        self._size = len(raw)
        self._kinds = dict(_BUILT_IN)

    def find_class(self, module: str, name: str) -> type[Inert]:
        """Return an inert class of that name."""
        if (module, name) not in self._kinds:
            self._kinds[module, name] = type("Named", (Inert,), {"name": f"{module}.{name}"})
        return self._kinds[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        """Return the storage that a checkpoint refers to."""
        kind, key = pid[1], pid[2]
        return Storage(str(getattr(kind, "name", kind)).rpartition(".")[2], str(key))

    def get_extension(self, code: int) -> None:
        """Refuse what stands for a class that this process has registered."""
        raise pickle.UnpicklingError(f"extension {code}")

    def load_row(self) -> None:
        row = Row(self.pop_mark())  # before `append`, which pop_mark sets anew
        self.append(row)

    def load_row_of(self, count: int) -> None:
        row = Row(self.stack[-count:] if count else ())
        if len(row) < count:
            raise pickle.UnpicklingError("the stack is empty")
        del self.stack[len(self.stack) - count :]
        self.append(row)

    def load_dictionary(self) -> None:
        found, items = Mapping(), self.pop_mark()
        found.pairs = list(zip(items[::2], items[1::2], strict=True))
        self.append(found)

    def load_bag(self) -> None:
        found = Bag(self.pop_mark())
        self.append(found)

    def load_object_with_keywords(self) -> None:
        keywords, args, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self.append(kind(*args, keywords))

    def load_bytearray(self) -> None:
        (length,) = struct.unpack("<Q", self.read(8))
        if length > self._size:
            raise pickle.UnpicklingError("more bytes than the file has")
        self.append(self.read(length))

    dispatch = pickle._Unpickler.dispatch | {
        pickle.TUPLE[0]: load_row,
        pickle.EMPTY_TUPLE[0]: lambda self: self.load_row_of(0),
        pickle.TUPLE1[0]: lambda self: self.load_row_of(1),
        pickle.TUPLE2[0]: lambda self: self.load_row_of(2),
        pickle.TUPLE3[0]: lambda self: self.load_row_of(3),
        pickle.DICT[0]: load_dictionary,
        pickle.EMPTY_DICT[0]: lambda self: self.append(Mapping()),
        pickle.EMPTY_SET[0]: lambda self: self.append(Bag()),
        pickle.FROZENSET[0]: load_bag,
        pickle.NEWOBJ_EX[0]: load_object_with_keywords,
        pickle.BYTEARRAY8[0]: load_bytearray,
    }
