"""What each framework's module offers: how it runs one operation, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from checks.common.job import Job

Array = NDArray[Any]


class Task(NamedTuple):
    """One operation to run: its compiled text, the inputs by name, and what is differentiated under which cotangents.

    `cotangents` has None for an output that has no gradient. `began` is called with the direction that comes next.
    """

    function: Callable[..., Any]
    inputs: Mapping[str, Array]
    wrt: tuple[str, ...]
    cotangents: Sequence[Array | None]
    mode: str
    began: Callable[[str], None]
    got: Callable[[list[Array]], None]
    """Called with the outputs as soon as they are there, so that a crash on the way back leaves them judged."""
    alone: bool = False
    """Whether a compiler also gets the way forward without the gradient: of what it fuses that is another program."""


class Engine(Protocol):
    """One framework's way to run operations."""

    NAMES: Mapping[str, Any]
    """What the text of an operation may use."""
    ISOLATED: bool
    """Whether a forked child may run operations: false where a fork after the preparation is unsafe."""

    SLOW_START: frozenset[str]
    """Modes that take seconds to get ready in each process: one child runs them for all families."""

    def modes(self, job: Job) -> tuple[str, ...]:
        """Return the modes of this profile, the most usual first."""

    def run(self, task: Task, job: Job) -> list[Array]:
        """Run the operation and return its gradients."""
