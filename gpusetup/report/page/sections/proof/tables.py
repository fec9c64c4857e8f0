"""What runs observed: what stays the same in which processes and settings, and every other table of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Section, State
from gpusetup.report.page.sections.proof.runs import names, of_check
from gpusetup.selftest.datasheet import TABLE as DATASHEET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.proof import Kept

_DETERMINISM = "determinism"
_WITH = "with "
"""How tables of `checks/determinism/portability.py` begin, one for each environment."""
_ELSEWHERE = (("sgd", "Himmelblau's minima"), ("boundary", "decision boundaries"), ("cost", DATASHEET))
"""Tables that a section of their own shows."""


class Grid(NamedTuple):
    """One table of observations: a row for each subject, a column for each run."""

    check: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def bulky(self) -> bool:
        """Whether it is folded at first."""
        return len(self.rows) > 12 and not self.title.startswith("portability")  # 12: a screen of a phone


def sections(runs: Sequence[Kept]) -> Iterator[Section]:
    """Yield the section on determinism and portability, and the one with everything else that was observed."""
    every = list(grids(runs))
    ours = _together([one for one in every if one.check == _DETERMINISM])
    others = [one for one in every if one.check != _DETERMINISM]
    if ours:
        state, answer = _answer(runs)
        yield Section(
            "determinism", "Determinism and portability", "proof_tables.html.j2", {"grids": ours}, {}, state, answer
        )
    if others:
        count = sum(len(one.rows) for one in others)
        checks = len({one.check for one in others})
        answer = f"{count} observations of {checks} checks, reported and never judged"
        yield Section("observed", "Also observed", "proof_tables.html.j2", {"grids": others}, answer=answer)


def grids(runs: Sequence[Kept]) -> Iterator[Grid]:
    """Yield every table of observations, with a column for each run that has something in it."""
    for check in dict.fromkeys(run.job.check for run in runs):
        here = of_check(runs, check)
        called = names([run.job for run in here])
        tables: dict[str, dict[str, dict[str, str]]] = {}
        for name, run in zip(called, here, strict=True):
            for one in run.result.observations if run.result is not None else ():
                tables.setdefault(one.table, {}).setdefault(one.row, {})[name] = one.text
        for title, rows in tables.items():
            if (check, title) not in _ELSEWHERE:
                some = tuple(name for name in called if any(name in texts for texts in rows.values()))
                lines = tuple((row, tuple(texts.get(name, "") for name in some)) for row, texts in rows.items())
                yield Grid(check, title, some, lines)


def _together(some: Sequence[Grid]) -> list[Grid]:
    """Return the tables, those of one other environment each as one: a row for each environment."""
    others = [one for one in some if one.title.startswith(_WITH)]
    if not others:
        return list(some)
    columns = tuple(dict.fromkeys(name for one in others for name in one.columns))
    rows = tuple((one.title.removeprefix(_WITH), tuple(_joined(one, name) for name in columns)) for one in others)
    whole = Grid(_DETERMINISM, "portability, what another environment changes", columns, rows)
    return [whole, *(one for one in some if one not in others)]


def _joined(grid: Grid, name: str) -> str:
    """Return all that a run observed in one environment: ``training: same bits; of all: 19 of 20 keep their bits``."""
    if name not in grid.columns:
        return ""
    place = grid.columns.index(name)
    return "; ".join(f"{row}: {texts[place]}" for row, texts in grid.rows if texts[place])


def _answer(runs: Sequence[Kept]) -> tuple[State, str]:
    """Return how many of the invariants on determinism hold."""
    kept = [one.holds for run in of_check(runs, _DETERMINISM) if run.result for one in run.result.invariants]
    if not kept:
        return "unknown", "No invariant was checked"
    state: State = "ok" if all(kept) else "error"
    return state, f"{sum(kept)} of {len(kept)} results that must be bit-identical are"
