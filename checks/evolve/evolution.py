"""Selection and mutation, drawn from the seed: tournaments, one change per child, and a fresh start when stuck."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.evolve.language import INSTRUCTIONS, Operation, Programs

POPULATION, CONTESTANTS, KEPT = 128, 8, 4
_PATIENCE = 60
"""Generations without what is looked for before all start again: starts that find it mostly do so in 30 to 50."""
_FIELDS = np.array([len(Operation), 4, 8, 8])
"""How many values each field of an instruction has: operation, out, a, b."""


class Evolution:
    """A population of programs (p, instruction, field), and the best one; the best few of a generation stay in it."""

    programs: Programs
    best: Programs
    best_score: int

    def __init__(self, seed: int) -> None:
        self._seed, self._generation = seed, 0
        self._start()

    def take(self, scores: NDArray[np.int64], wanted: Callable[[Programs], bool], target: int) -> bool:
        """Take the scores of the present programs, lower is better; return whether one is found.

        That is one with `target` at most that is `wanted`. `best` is it, or the first of the best if there is none.
        """
        self._scores = scores
        found = [place for place in np.flatnonzero(scores <= target) if wanted(self.programs[place])][:1]
        best = found[0] if found else scores.argmin()
        self.best, self.best_score = self.programs[best].copy(), int(scores[best])
        return bool(found)

    def breed(self) -> None:
        """Make the next generation: the best few stay, the others are winners of tournaments with one change each."""
        self._generation += 1
        if self._generation % _PATIENCE == 0:
            self._start()
            return
        drawn = integers(self._seed, f"generation {self._generation}", (POPULATION, CONTESTANTS + 7))
        rivals = drawn[:, :CONTESTANTS] % POPULATION
        rows = np.arange(POPULATION)
        children = self.programs[rivals[rows, self._scores[rivals].argmin(axis=1)]].copy()
        place, whole, field, *values = drawn[:, CONTESTANTS:].T
        fresh = _sensible(np.stack(values, axis=1))
        place, field, whole = place % INSTRUCTIONS, field % 4, whole % 2 == 0
        children[rows[whole], place[whole]] = fresh[whole]
        children[rows[~whole], place[~whole], field[~whole]] = fresh[rows[~whole], field[~whole]]
        kept = np.argsort(self._scores, kind="stable")[:KEPT]
        children[:KEPT] = self.programs[kept]
        self.programs = children

    def _start(self) -> None:
        """Draw all programs: what the last ones had come to may be good at these tasks alone."""
        drawn = integers(self._seed, f"start {self._generation}", (POPULATION, INSTRUCTIONS, 4))
        self.programs = _sensible(drawn)


def _sensible(drawn: NDArray[np.int64]) -> Programs:
    """Return instructions that do something: no new one is the operation 0."""
    fields: Programs = drawn % _FIELDS
    fields[..., 0] = 1 + drawn[..., 0] % (_FIELDS[0] - 1)
    return fields
