"""A machine that notes what is asked of it: every field, and the readings among them.

The machine is made of subclasses of its own values. A field of a value that a rule made itself of others has no place
in the machine; `Watcher.foreign` then says that the trace does not have everything.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from gpusetup.machine.model import Machine, Unread

Path = tuple[str | int, ...]


@functools.cache
def reading_fields(kind: type) -> frozenset[str]:
    """Return the fields of `kind` whose value can be an `Unread`."""
    fields = msgspec.structs.fields(kind)
    return frozenset(one.name for one in fields if Unread in getattr(one.type, "__args__", ()))


def watched_kind(kind: type, getattribute: Callable[[Any, str], Any], **methods: Any) -> type:
    """Return a kind of value that is looked at through `getattribute`."""
    make: Callable[..., type] = type(kind)
    return make(kind.__name__, (kind,), {"__getattribute__": getattribute, **methods})


def mark(value: Any) -> Any:
    """Return what a rule learns of a field by asking for it: of a value below it only that it is there."""
    if isinstance(value, msgspec.Struct) and not isinstance(value, Unread):
        return ("a value", type(value).__name__)
    if isinstance(value, tuple):
        return tuple(mark(one) for one in value)
    return (type(value).__name__, repr(value) if isinstance(value, dict | list | set) else value)


IDENTITY = frozenset({"index", "uuid", "pci_address", "minor", "module_id", "place", "peers", "address", "numa_node",
                      "local_cpus"})  # fmt: skip
"""What tells apart GPUs that are equal otherwise."""


def equals(machine: Machine) -> frozenset[Path]:
    """Return the GPUs and cards that differ from an earlier one by their identity alone: asking it is enough."""
    found: set[Path] = set()
    for name in ("gpus", "pci"):
        seen: list[dict[str, Any]] = []
        entries = getattr(machine, name)
        for number, one in enumerate(() if isinstance(entries, Unread) else entries):
            values = {field: getattr(one, field) for field in one.__struct_fields__ if field not in IDENTITY}
            found.update({(name, number)} if values in seen else ())
            seen.append(values)
    return frozenset(found)


class Watcher:
    """Notes which readings of a machine are asked for (`asked`), and everything that is learned of it (`trace`)."""

    def __init__(self, machine: Machine) -> None:
        self.asked: dict[Path, None] = {}
        self.trace: dict[Path, Any] = {}
        self.foreign = False
        self._hidden: Path = ()
        self._noted: set[tuple[int, str]] = set()
        self._paths: dict[int, Path] = {}
        self._kinds: dict[type, type] = {}
        self.equals = equals(machine)
        self._spines: list[Any] = []  # kept, so that no other value gets the number of one that was noted
        self.machine: Machine = self._watched(machine, ())

    def start(self) -> None:
        """Forget what was asked; the trace goes on."""
        self._hidden = ()
        self.asked.clear()
        self._noted.clear()

    @contextmanager
    def tracing(self) -> Iterator[dict[Path, Any]]:
        """Begin a trace, and yield it."""
        self.start()
        self.trace, self.foreign = {}, False
        try:
            yield self.trace
        finally:
            for one in self._spines:
                self._paths.pop(id(one), None)
            self._spines.clear()

    def without(self, path: Path, new: Unread) -> Machine:
        """Return the watched machine with `new` at `path`, which the trace leaves out."""
        self._hidden = path
        made: Machine = self._replaced(self.machine, path, new)
        return made

    def _replaced(self, value: Any, path: Path, new: Any) -> Any:
        step, rest = path[0], path[1:]
        if isinstance(step, int):
            return (*value[:step], self._replaced(value[step], rest, new) if rest else new, *value[step + 1 :])
        old = msgspec.Struct.__getattribute__(value, step)
        made = msgspec.structs.replace(value, **{step: self._replaced(old, rest, new) if rest else new})
        self._paths[id(made)] = self._paths[id(value)]
        self._spines.append(made)
        return made

    def _watched(self, value: Any, path: Path) -> Any:
        if isinstance(value, tuple):
            return tuple(self._watched(one, (*path, place)) for place, one in enumerate(value))
        if not isinstance(value, msgspec.Struct) or isinstance(value, Unread):
            return value
        fields = {name: self._watched(getattr(value, name), (*path, name)) for name in value.__struct_fields__}
        made = self._kind(type(value))(**fields)
        self._paths[id(made)] = path
        return made

    def _kind(self, kind: type) -> type:
        if kind not in self._kinds:
            self._kinds[kind] = self._made_kind(kind)
        return self._kinds[kind]

    def _made_kind(self, kind: type) -> type:
        as_is: Any = kind
        plain = as_is.__getattribute__
        noted, note = self._noted, self._note
        names, readings = frozenset(kind.__struct_fields__), reading_fields(kind)  # type: ignore[attr-defined]

        def getattribute(one: Any, name: str) -> Any:
            value = plain(one, name)
            if name in names and (id(one), name) not in noted:
                noted.add((id(one), name))
                note(one, name, value, reading=name in readings)
            return value

        def equal(one: Any, other: object) -> Any:
            touch((one, other))  # what is compared in C is asked for whole
            return as_is.__eq__(one, other)

        def hashed(one: Any) -> int:
            touch(one)
            hashed_as_is: int = as_is.__hash__(one)
            return hashed_as_is

        def shown(one: Any) -> str:
            touch(one)
            return str(as_is.__repr__(one))

        methods = {"__eq__": equal, "__hash__": hashed, "__repr__": shown}
        return watched_kind(kind, getattribute, **methods)

    def _note(self, one: Any, name: str, value: Any, *, reading: bool) -> None:
        place = self._paths.get(id(one))
        if place is None:
            self.foreign = True
            return
        path = (*place, name)
        if reading:
            self.asked[path] = None
        if path != self._hidden and path not in self.trace:
            self.trace[path] = mark(value)


def touch(value: Any) -> None:
    """Ask a watched value for everything below it."""
    if isinstance(value, tuple):
        for one in value:
            touch(one)
    elif isinstance(value, msgspec.Struct) and not isinstance(value, Unread):
        for name in value.__struct_fields__:
            touch(getattr(value, name))
