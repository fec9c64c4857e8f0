"""Questions that were put already: to another machine, of which the same was learned on the way to the answer.

A rule is a function of what it asks. Where a second machine has the same at every place that the whole questioning of
the first one came to, in the same order, the second one's would be the same, step for step; so it is counted and not
repeated. A trace that leaves a known one at another place than the answer would have it shows a rule that is no such
function, and is an error.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from gpusetup.machine.model import Machine
from tests.doctor.watched import Path, mark


class _Node:
    """What is asked next, and where each answer leads; no path where the questioning has ended."""

    __slots__ = ("next", "path")

    def __init__(self) -> None:
        self.path: Path | None = None
        self.next: dict[Hashable, _Node] = {}


class AskedBefore:
    """The traces of the questions that were put, for each rule."""

    def __init__(self) -> None:
        self._first: dict[object, _Node] = {}

    def knows(self, what: object, machine: Machine) -> bool:
        """Say whether the question `what` was put to a machine that is the same as far as it goes."""
        node = self._first.get(what)
        while node and node.path is not None:
            node = node.next.get(mark(_at(machine, node.path)))
        return node is not None

    def note(self, what: object, trace: dict[Path, Any]) -> None:
        """Keep the trace of the question `what`."""
        if what not in self._first:
            self._first[what] = _node(next(iter(trace), None))
        node = self._first[what]
        paths = list(trace)
        for (path, value), after in zip(trace.items(), [*paths[1:], None][: len(paths)], strict=True):
            assert node.path == path, f"{what} asks for {path}, and after the same answers has asked for {node.path}"
            node = node.next.setdefault(value, _node(after))
        assert node.path is None, f"{what} asks no more, and after the same answers has asked for {node.path}"


def _node(path: Path | None) -> _Node:
    node = _Node()
    node.path = path
    return node


def _at(machine: Any, path: Path) -> Any:
    for step in path:
        machine = machine[step] if isinstance(step, int) else getattr(machine, step)
    return machine
