"""Whether a command reproduces, and if not, what its result depends on.

Two runs as they are tell whether it does. Then everything is held from outside: when two such runs agree, the cause is
among the axes, and varying one at a time names it; each of those runs has exactly one cause to differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import CannotLookError
from gpusetup.repro.axes import Axis, Setting, axes, of_chance
from gpusetup.repro.compare import Comparison
from gpusetup.repro.effects import against, effects_of, fixed, holdable, unfit
from gpusetup.repro.model import AS_IT_IS, Difference, Effect, Repro
from gpusetup.repro.operations import first_operation
from gpusetup.repro.trial import PREFIX, Bench, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gpusetup.repro.trial import Command

HELD = "everything fixed"
TRACED = {"torch", "tensorflow", "jax"}
"""The frameworks whose operations `--bisect` writes down."""
RISKY = ("thread-switches", "durations", "kernels", "process-id", "clock")
"""Axes whose fixed setting may end a program, in the order in which they are given up: it may wait by a flag or a
clock, an operation may have no kernel that repeats its bits, and a program may look for its own number in /proc."""


@dataclass
class Search:
    """The runs of one command, and what they have shown so far."""

    command: Command
    bench: Bench
    runs: int = 2
    vary: Sequence[Axis] = ()
    bisect: bool = False
    search: bool = True
    """Whether the cause is searched where two runs differ."""
    insist: bool = True
    """Whether `bisect` was asked for by the user: a preset has nothing to say where no runs differ."""
    notes: list[str] = field(default_factory=list)

    def find(self) -> Repro:
        """Return what was found; raises `CannotLookError` when the command fails or leaves nothing to compare."""
        first = self.bench.run(AS_IT_IS)
        _require_success(first)
        comparison = self._repeat(first)
        found = Repro(
            command=self.command.words, folder=str(self.command.folder), reproduces=comparison.difference is None,
            files=comparison.files, items=comparison.items, masked=comparison.masked, difference=comparison.difference,
        )  # fmt: skip
        if not comparison.items and found.reproduces:
            raise CannotLookError(
                "nothing was compared: the command wrote no file into its folder and printed nothing",
                "run it where it writes its results",
            )
        self._note(first, comparison)
        asked = {
            axis.name: axis for axis in (*(of_chance() if self.search and not found.reproduces else ()), *self.vary)
        }
        if asked:
            found = self._with_axes(found, first, list(asked.values()))
        if self.bisect and (self.insist or not found.reproduces or found.causes()):
            found = self._with_operation(found, first)
        return replace(found, trials=tuple(one.trial for one in self.bench.ended), notes=tuple(self.notes))

    def _repeat(self, first: Ended) -> Comparison:
        for _ in range(self.runs - 1):
            other = self.bench.run(AS_IT_IS)
            comparison = against(first, other)
            self.bench.forget(other)
            if comparison.difference is not None:
                break
        return comparison

    def _with_axes(self, found: Repro, first: Ended, asked: Sequence[Axis]) -> Repro:
        """Return `found` with the effect of each axis, or with what differs even when all of them are held."""
        held = holdable(first)
        base = self.bench.run(HELD, fixed(held))
        for name in RISKY:
            if base.trial.code and any(axis.name == name for axis in held):
                held = [axis for axis in held if axis.name != name]
                self.notes.append(f"the command fails with fixed {axes()[name].title}: they were left as they are")
                base = self.bench.run(HELD, fixed(held))
        if base.trial.code:
            why = f"with everything fixed the command fails: {base.said}"
            return replace(found, effects=tuple(Effect(axis=axis.name, state="unknown", why=why) for axis in asked))
        if not found.reproduces:
            other = self.bench.run(HELD, fixed(held))
            comparison = against(base, other)
            self.bench.forget(other)
            if comparison.difference is not None:
                return self._left_over(found, held, comparison.difference)
        effects = effects_of(asked, held, base, first, self.bench)
        return replace(found, fixed=None if found.reproduces else True, effects=effects)

    def _left_over(self, found: Repro, held: Sequence[Axis], difference: Difference) -> Repro:
        """Return `found` where fixing everything does not help: on one processor, threads cannot race."""
        free = [axis for axis in of_chance() if axis not in held and unfit(axis, self.bench.ended[0])]
        self.notes += [f"{axis.title} could not be held: {unfit(axis, self.bench.ended[0])}" for axis in free]
        settings = [*fixed(held), *axes()["threads"].varied]
        pair = [self.bench.run("everything fixed, on one processor", settings) for _ in range(2)]
        same = not any(one.trial.code for one in pair) and against(*pair).difference is None
        unheld = tuple(axis.name for axis in free)
        return replace(found, fixed=False, fixed_difference=difference, alone=same, unheld=unheld)

    def _with_operation(self, found: Repro, first: Ended) -> Repro:
        """Return `found` with the first operation that differs between two runs that differ."""
        if not TRACED & set(first.trial.packages):
            self.notes.append("--bisect traces the operations of PyTorch, TensorFlow and JAX, and none was imported")
            return found
        pair = self._differing(found, first)
        if pair is None:
            self.notes.append("--bisect found nothing to compare: no two runs differ")
            return found
        one, other = (self._traced(settings) for settings in pair)
        if why := self.bench.ended[-1].trial.failed.get("trace"):
            self.notes.append(f"--bisect could not trace the operations: {why}")
        operation = first_operation(one, other, str(self.bench.scratch / "work"))
        if operation is None:
            self.notes.append("every traced operation gives the same in both runs: what differs is made outside them")
        return replace(found, operation=operation)

    def _differing(self, found: Repro, first: Ended) -> tuple[list[Setting], list[Setting]] | None:
        """Return two lists of settings under which runs differ, None where there are none."""
        if not found.reproduces:
            return [], []
        held = holdable(first)
        for name in found.causes():
            axis = axes()[name]
            return fixed(held), [*fixed([one for one in held if one.name != name]), *axis.varied[-1:]]
        return None

    def _traced(self, settings: Sequence[Setting]) -> Path:
        """Run the command with each operation written down, and return the folder of the traces."""
        folder = self.bench.scratch / f"trace-{len(self.bench.ended) + 1}"
        folder.mkdir()
        self.bench.run("traced", settings, {f"{PREFIX}TRACE": str(folder)})
        return folder

    def _note(self, first: Ended, comparison: Comparison) -> None:
        self.notes += [
            f"it also writes {path}, outside the folder, which was not compared" for path in first.trial.elsewhere
        ]
        if not first.trial.processes:
            self.notes.append(
                "no Python of the command loaded our hooks: only variables and the processor could be set"
            )
        if comparison.renamed:
            self.notes.append(f"files whose names differ in numbers alone were compared: {comparison.renamed}")


def _require_success(first: Ended) -> None:
    if first.trial.code:
        raise CannotLookError(
            f"the command ended with exit code {first.trial.code}, and nothing was compared; "
            f"it last said: {first.said}",
            "run it alone first",
        )


def differing_axes(found: Repro) -> Iterator[tuple[Axis, Effect]]:
    """Yield the axes that the result depends on, those of chance first; a newer version may have saved others."""
    known = axes()
    rows = [(known[one.axis], one) for one in found.effects if one.state == "matters" and one.axis in known]
    yield from sorted(rows, key=lambda row: row[0].kind != "chance")
