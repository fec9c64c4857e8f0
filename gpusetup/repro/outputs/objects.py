"""The values of what a pickle holds, each by its path (``model.fc.weight``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gpusetup.repro.outputs.arrays import numpy_type, tensor
from gpusetup.repro.outputs.item import Item, Leaf
from gpusetup.repro.outputs.names import LONGEST, digest, of_element, of_key
from gpusetup.repro.outputs.pickles import Bag, Inert, Storage
from gpusetup.repro.outputs.times import MASK, is_time, masked

MOST = 1 << 18
"""Values that are shown each time they are met. Where there are more, as in lists that hold each other many times, each
object is shown once: the values would double with each level. Which of both it is depends on the values alone, not on
which of them are one object: a training that was resumed has made copies of some."""
DEEPEST = 64
"""Levels of nesting that are looked into; a checkpoint has about five."""
_NUMBERS = {int, float, bool, complex, type(None)}
Special = Callable[[Any, str], Item | None]
"""Returns the tensor that an object stands for, None for any other."""


class _TooManyError(Exception):
    pass


def parts(value: Any, special: Special) -> list[Item]:
    """Return the parts of `value`; `special` knows the tensors of a format."""
    try:
        return _Walk(special, once=False).parts(value)
    except _TooManyError:
        return _Walk(special, once=True).parts(value)


class _Walk:
    """One way through what a pickle holds: with `once`, every object is shown once, and is named after that."""

    def __init__(self, special: Special, *, once: bool) -> None:
        self._special, self._once, self._found = special, once, list[Item]()
        self._names: dict[int, str] = {}
        self._texts: dict[int, str] = {}

    def parts(self, value: Any) -> list[Item]:
        self._walk(value, "", DEEPEST)
        return self._found

    def _walk(self, value: Any, path: str, left: int) -> None:
        if type(value) in _NUMBERS:  # most values are one
            self._leaf(path, repr(value))
        elif not isinstance(value, (list, tuple, Inert)):
            self._leaf(path, self._text(value))
        elif id(value) in self._names:
            self._leaf(path, f"the same as {self._names[id(value)] or 'the whole'}")
        elif not left:
            self._leaf(path, "nested too deeply")
        else:
            self._names[id(value)] = path
            found = _numpy(value, path) or self._special(value, path)
            if found:
                self._found.append(found)
            else:
                self._inside(value, path, left - 1)
            if not self._once:
                del self._names[id(value)]

    def _leaf(self, path: str, text: str) -> None:
        self._found.append(Leaf(path, text))
        if len(self._found) > MOST and not self._once:
            raise _TooManyError

    def _inside(self, value: Any, path: str, left: int) -> None:
        if not isinstance(value, Inert):
            self._elements(value, path, left) if value else self._leaf(path, "empty")
            return
        if not (value.args or value.state is not None or value.elements or value.pairs):
            self._leaf(path, f"empty {value.name}".strip())
        for part in value.args:
            self._walk(part, path, left)
        if isinstance(value, Bag):  # sets are equal whatever their order
            for number, text in enumerate(sorted(map(self._text, value.elements))):
                self._leaf(of_element(path, number), text)
        else:
            self._elements(value.elements, path, left)
        self._pairs(value.pairs, path, left)
        if value.state is not None:
            self._walk(value.state, path, left)

    def _elements(self, values: Iterable[Any], path: str, left: int) -> None:
        for number, part in enumerate(values):
            self._walk(part, of_element(path, number), left)

    def _pairs(self, pairs: list[tuple[Any, Any]], path: str, left: int) -> None:
        for key, part in pairs:
            name = key if isinstance(key, str) else self._text(key)
            if isinstance(part, int | float | str) and is_time(name):
                self._leaf(of_key(path, name), MASK)
            else:
                self._walk(part, of_key(path, name), left)

    def _text(self, value: Any) -> str:
        """Return a value as text, made once for each object: a pickle may refer to a long one often."""
        if isinstance(value, str | bytes | bytearray | tuple | list | Inert):
            if id(value) not in self._texts:
                self._texts[id(value)] = "…"  # what contains itself
                self._texts[id(value)] = self._made(value)
            return self._texts[id(value)]
        if isinstance(value, Storage):
            return f"storage {value.key} of {value.kind}"
        return str(getattr(value, "name", value)) if isinstance(value, type) else repr(value)

    def _made(self, value: Any) -> str:
        if isinstance(value, str | bytes | bytearray):
            return masked(repr(value))
        held = [*value.args, value.state, *value.elements, *value.pairs] if isinstance(value, Inert) else value
        texts = [self._text(one) for one in held]
        text = ", ".join(sorted(texts) if isinstance(value, Bag) else texts)
        return f"({text if len(text) <= LONGEST else digest(text)})"


def _numpy(value: Any, path: str) -> Item | None:
    """Return the array or the number of NumPy that `value` is, None for any other, and for an array of objects.

    As ``ndarray.__reduce__`` and ``__reduce_ex__`` describe them (numpy/_core/src/multiarray/methods.c, NumPy 2).
    """
    if not isinstance(value, Inert) or not value.name.startswith("numpy."):
        return None
    match value.name.rpartition(".")[2], value.args, value.state:
        case "_reconstruct", _, (_, shape, kind, order, raw):
            fortran = bool(order)
        case "_frombuffer", (raw, kind, shape, order), _:
            fortran = order == "F"
        case "scalar", (kind, raw), _:
            shape, fortran = (), False
        case _:
            return None
    raw, dtype = _bytes(raw), _dtype(kind)
    if raw is None or dtype is None:
        return None
    sizes = tuple(int(size) for size in shape)
    return tensor(path, dtype, sizes[::-1] if fortran else sizes, memoryview(raw))


def _dtype(kind: Any) -> str | None:
    if not isinstance(kind, Inert) or not kind.args:
        return None
    order = kind.state[1] if isinstance(kind.state, tuple) and len(kind.state) > 1 else "<"
    return numpy_type(f"{order}{kind.args[0]}")


def _bytes(raw: Any) -> bytes | bytearray | None:
    """Return the bytes that protocols 0 to 2 write as an encoded text."""
    if isinstance(raw, Inert) and raw.name == "_codecs.encode" and isinstance(raw.args[0], str):
        return raw.args[0].encode("latin-1")
    return raw if isinstance(raw, bytes | bytearray) else None
