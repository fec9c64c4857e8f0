"""The values of this room: what a run left, where two runs differ, and which of the axes a result depends on."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value

AS_IT_IS = "as it is"
"""The name of a run in which nothing is held or varied."""
STDOUT = "standard output"
"""The name of what a run printed, among the files that it wrote."""


class Difference(Value):
    """The first place where two runs differ: a file, a part of it (a tensor, a key, a line), and the two values.

    `ulps` is how many numbers of the type lie between two floats, None for all else.
    """

    output: str
    item: str = ""
    index: tuple[int, ...] = ()
    first: str = ""
    second: str = ""
    ulps: int | None = None


class Trial(Value):
    """One run of the command: under which settings, how it ended, and what it did.

    `processes` counts those of its processes that are Pythons with our hooks (0: none was), `threads` says whether
    one started threads. `pythons` are the interpreters, `packages` are the imported libraries that the axes are
    about, with their versions, `elsewhere` the files that it wrote and kept outside its folder, `connected` the
    other hosts it connected to, `changing` the files it read that say something else each time. `failed` are the
    axes that could not be set, and why.
    """

    name: str
    seconds: float
    code: int
    processes: int = 0
    threads: bool = False
    pythons: tuple[str, ...] = ()
    packages: dict[str, str] = {}  # noqa: RUF012 - msgspec copies an empty default
    elsewhere: tuple[str, ...] = ()
    connected: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    failed: dict[str, str] = {}  # noqa: RUF012


class Effect(Value):
    """What became of the result when one axis alone was varied.

    ``matters``: it differed, at `difference`; ``none``: it did not; ``unknown``: the run failed, or `why` not.
    """

    axis: str
    state: Literal["matters", "none", "unknown"]
    difference: Difference | None = None
    why: str = ""


class Repro(Value):
    """What `gpusetup repro` found.

    `files` and `items` were compared between the first two runs; `masked` of the items hold a time, which is left out.
    `fixed` says whether it reproduces with everything set from outside (None: not asked), `alone` whether it does so on
    one processor (None: not asked). `unheld` are the axes that could not be set, where `fixed` is False.
    """

    command: tuple[str, ...]
    folder: str
    reproduces: bool
    files: int
    items: int
    masked: int = 0
    difference: Difference | None = None
    fixed: bool | None = None
    fixed_difference: Difference | None = None
    alone: bool | None = None
    unheld: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    operation: Operation | None = None
    trials: tuple[Trial, ...] = ()
    notes: tuple[str, ...] = ()

    def causes(self) -> tuple[str, ...]:
        """Return the axes that the result depends on."""
        return tuple(effect.axis for effect in self.effects if effect.state == "matters")


class Operation(Value):
    """The first operation of two traced runs that differs: `number` counts from 1, `callers` innermost first.

    `inputs_same` says whether what went in was the same: then the operation itself is what does not reproduce.
    """

    number: int
    name: str
    inputs_same: bool
    shapes: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
