"""`assert_reproducible`: calls a function again in this process; where results differ, finds out by trying why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gpusetup.determinism.generators import SEEDERS, Seeder
from gpusetup.determinism.kernels import KERNELS
from gpusetup.determinism.later import forget
from gpusetup.determinism.seeds import OWNER, seed_all
from gpusetup.repro.axes import axes
from gpusetup.repro.compare import differ
from gpusetup.testing.message import difference_lines
from gpusetup.testing.values import parts

if TYPE_CHECKING:
    from gpusetup.repro.model import Difference
    from gpusetup.repro.outputs.item import Item

Call = Callable[[], object]
_AXES = {
    "random": "python-random", "numpy.random": "numpy-random", "torch": "torch-random",
    "tensorflow": "tensorflow-random", "keras": "tensorflow-random",
}  # fmt: skip
"""Module → the axis of `gpusetup repro` that says what to do."""
_WARM = "  a further pair of calls agrees: the first call leaves a state that later ones find (a cache, a warm-up)"


def fault_of(call: Call, runs: int, *, seed: int | None, first: list[Item]) -> list[str]:
    """Return what is wrong as lines of text, none where all `runs` calls give the same.

    `first` are the parts of a call that has been made. With `seed` every generator is seeded before each call.
    """
    for _ in range(runs - 1):
        difference = _apart(first, parts_of(call, seed))
        if difference is not None:
            return ["two calls in one process differ", *difference_lines(difference), *_cause(call, seed)]
    return []


def parts_of(call: Call, seed: int | None = None) -> list[Item]:
    """Call the function, after seeding everything with `seed`, and return the parts of what it returns."""
    if seed is None:
        return parts(call())
    seed_all(seed)  # and what the call imports, such as numpy.random, is seeded when it does
    try:
        return parts(call())
    finally:
        forget(OWNER)


def _apart(one: list[Item], other: list[Item]) -> Difference | None:
    return differ("", one, other)


def _cause(call: Call, seed: int | None) -> list[str]:
    """Return the cause, found by calling again with everything seeded, then with one generator seeded otherwise."""
    base = parts_of(call, 0)
    if _apart(base, parts_of(call, 0)) is None:
        return _generators(call, base) if seed is None else [_WARM]
    with _repeating_kernels() as chosen:
        if chosen and _apart(parts_of(call, 0), parts_of(call, 0)) is None:
            return _advice("kernels")
    return [
        "  it differs too with every generator seeded: a clock, the entropy of the system, threads, or a state that it",
        "  keeps between calls; @pytest.mark.reproducible runs it in fresh processes and holds those one at a time",
    ]


def _generators(call: Call, base: list[Item]) -> list[str]:
    found = []
    for other in _present():
        for seeder in _present():
            seeder.seed(sys.modules[seeder.module], 1001 if seeder is other else 0)
        if _apart(base, parts(call())) is not None:
            found += _advice(_AXES[other.module])
    return found or ["  it is the same with every generator seeded, though none of them alone changes it"]


def _advice(axis: str) -> list[str]:
    row = axes()[axis]
    return [f"  cause: it depends on {row.cause}", *(f"  do: {one}" for one in row.remedy)]


def _present() -> list[Seeder]:
    return [seeder for seeder in SEEDERS if seeder.module in sys.modules]


@contextmanager
def _repeating_kernels() -> Iterator[bool]:
    """Choose kernels that repeat their bits in the frameworks that are there; gives whether there is one."""
    undo: list[Callable[[], object]] = []
    try:
        for kernels in KERNELS:
            if kernels.module in sys.modules:
                undo += kernels.choose(sys.modules[kernels.module], True).undo
        yield bool(undo)
    finally:
        while undo:
            undo.pop()()
