"""Which of several possible causes it is: the run again, with one of them put back at a time."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gpusetup.content_dirs import content_dirs
from gpusetup.evidence.compare import ordered
from gpusetup.selftest.changes import NOT_RECORDED, NOT_SET, switches_of
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.schedule import plan
from gpusetup.selftest.workers.execute import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gpusetup.evidence.model import Cause, Comparison, Evidence, Moved
    from gpusetup.evidence.pairs import Pair
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import RunLimits, Selection
    from gpusetup.selftest.verdict import Changed
    from gpusetup.selftest.workers.worker_queue import LaneWorker

_LOOKED_FOR = ("possible", "alone")
_THREADS, _SEED = "threads", "seed"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*( --\S+)?")
_HIDDEN = "sha256:"  # checks/common/variables.py keeps only a digest of what could be secret
_NAMES_ONLY = "LD_PRELOAD"  # its paths are not kept


class Bench(NamedTuple):
    """How a run is computed again."""

    selection: Selection
    checks: dict[str, Check]
    own: Path | None
    limits: RunLimits
    watch: Callable[[Sequence[LaneWorker]], None]

    def fingerprint(self, one: Moved, seed: int, threads: int, exact: dict[str, str | None]) -> str:
        """Return the fingerprint of one run computed with these, "" where it did not finish."""
        chosen = replace(
            self.selection, checks=(one.check,), pythons={one.framework: self.selection.pythons[one.framework]},
            devices=(one.device,), precisions=(one.precision,), seeds=(seed,), threads=threads, repeat=1,
        )  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="gpusetup-verify-") as scratch:
            planned = plan(chosen, self.checks, Path(scratch))
            lanes = [replace(lane, exact=exact) for lane in planned if lane.framework != REFERENCE]
            folders = content_dirs("checks", self.own)
            found = execute(lanes, folders=folders, jobs=1, limits=self.limits, watch=self.watch)
        return next((run.result.fingerprint for run in found if run.result is not None), "")


class _Trial(NamedTuple):
    """One run that moved, before and after, and what it is computed with."""

    result: Moved
    pair: Pair
    environment: dict[str, str]
    """What it ran in before."""

    @property
    def bits_before(self) -> str:
        """Return the fingerprint of before."""
        return self.pair.before.row.fingerprint

    @property
    def bits_now(self) -> str:
        """Return the fingerprint of now, with everything that changed."""
        assert self.pair.now is not None
        return self.pair.now.row.fingerprint

    def again(self, bench: Bench, back: Sequence[Changed]) -> str:
        """Return the fingerprint with the changes `back` as they were before, and all others as they are now."""
        assert self.pair.now is not None
        keys = {change.key for change in back}
        seed = self.pair.before.row.seed if _SEED in keys else self.pair.now.row.seed
        before = next((change.before for change in back if change.key == _THREADS), "")
        threads = int(before) if before else bench.selection.threads
        return bench.fingerprint(self.result, seed, threads, dict(self._exact(back)))

    def _exact(self, back: Sequence[Changed]) -> Iterator[tuple[str, str | None]]:
        locked = switches_of(self.environment)
        for change in back:
            if change.key not in (_THREADS, _SEED):
                name = change.key.partition(" ")[0]
                yield name, locked.get(name)


def settle(found: Comparison, both: Sequence[Pair], whole: Evidence, bench: Bench) -> Comparison:
    """Return the comparison with those causes settled that can be put back from outside.

    Per framework the first run that moved is computed again: as it is, in order to see that it repeats, then with each
    change put back alone, then with all of them.
    """
    notes, causes = list(found.notes), {one.change: one for one in found.causes}
    for trial in _trials(found, both, whole):
        if trial.again(bench, ()) != trial.bits_now:
            notes.append(f"{trial.result.name} gives other bits each time here: what made it repeat is gone")
            continue
        mine = [causes[one] for one in trial.pair.changed if one in causes]
        for cause in _tried(trial, mine, bench):
            causes[cause.change] = cause
    return replace(found, causes=tuple(ordered(causes.values())), notes=tuple(notes))


def _trials(found: Comparison, both: Sequence[Pair], whole: Evidence) -> Iterator[_Trial]:
    """Yield for each framework its first run that moved."""
    seen: set[str] = set()
    moved = ("within tolerance", "beyond tolerance", "other bits")
    for pair, result in zip(both, found.results, strict=True):
        known = result.framework in seen or result.framework == REFERENCE
        if known or result.state not in moved or not pair.before.row.repeats:
            continue
        seen.add(result.framework)
        yield _Trial(result, pair, whole.environment[pair.before.row.environment])


def _tried(trial: _Trial, mine: Sequence[Cause], bench: Bench) -> Iterator[Cause]:
    """Yield the causes of one run whose standing is known now; where one thing changed there is nothing to decide."""
    open_ = [one for one in mine if one.standing in _LOOKED_FOR]
    if len(open_) == 1:
        return
    back = [one for one in open_ if _can_be_put_back(one.change, trial)]
    tried = {one: trial.again(bench, (one.change,)) for one in back}
    rest = [one for one in open_ if one not in back]
    settled = [one for one, bits in tried.items() if bits == trial.bits_before]
    without = [one for one, bits in tried.items() if bits == trial.bits_now]
    parts = [one for one in back if one not in settled and one not in without]
    for cause in settled:
        yield replace(cause, standing="settled", shown=_shown(trial, (cause,), "the bits of before"))
    for cause in without:
        yield replace(cause, standing="ruled out", shown=_shown(trial, (cause,), "the same bits as with it"))
    if not settled and parts:
        yield from _together(trial, parts, rest, bench)
    elif settled:
        for cause in rest:
            text = f"{trial.result.name} has the bits of before with it as it is"
            yield replace(cause, standing="ruled out", shown=text)
    elif back and len(rest) == 1:
        yield replace(rest[0], standing="settled", shown="no other change has an effect, each put back by itself")


def _together(trial: _Trial, parts: Sequence[Cause], rest: Sequence[Cause], bench: Bench) -> Iterator[Cause]:
    """Yield the standing of causes that change the bits, and none of which explains them by itself."""
    whole = len(parts) > 1 and trial.again(bench, [one.change for one in parts]) == trial.bits_before
    for cause in parts:
        shown = _shown(trial, parts if whole else (cause,), "the bits of before" if whole else "yet other bits")
        yield replace(cause, standing="settled" if whole else "possible", shown=shown)
    for cause in rest if whole else ():
        text = f"{trial.result.name} has the bits of before with it as it is"
        yield replace(cause, standing="ruled out", shown=text)


def _shown(trial: _Trial, back: Sequence[Cause], found: str) -> str:
    names = " and ".join(one.change.key for one in back)
    return f"{trial.result.name}, run again with {names} put back: {found}"


def _can_be_put_back(change: Changed, trial: _Trial) -> bool:
    """Return whether a change is a thread count, a seed, or a variable whose value of before is known."""
    if NOT_RECORDED in (change.before, change.now):
        return False
    if change.key in (_THREADS, _SEED):
        return True
    name, locked = change.key.partition(" ")[0], switches_of(trial.environment)
    known = change.before == NOT_SET or _HIDDEN not in locked.get(name, "")
    return bool(_VARIABLE.fullmatch(change.key)) and name != _NAMES_ONLY and known
