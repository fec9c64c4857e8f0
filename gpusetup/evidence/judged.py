"""One pair of runs: the same bits, within tolerance, or beyond it, and by how many ulps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.evidence.model import Moved
from gpusetup.selftest.judge.drift import BOTH, apart, diverged, key, units_of
from gpusetup.selftest.registry import EXACT, Check
from gpusetup.selftest.verdict import Divergence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.evidence.model import Evidence, Source, Spread, State
    from gpusetup.evidence.pairs import Pair
    from gpusetup.selftest.judge.drift import Apart
    from gpusetup.selftest.model import Record


class _Shift(NamedTuple):
    """A tensor whose bits differ; `limit` is None where no tolerance is known for its kind."""

    record: Record
    away: Apart
    limit: float | None

    @property
    def share(self) -> float:
        """Return the share of the limit that is used; 0 where there is none to exceed."""
        if self.limit is None or math.isinf(self.limit):
            return 0.0
        return self.away.ulps / self.limit if self.limit else math.inf


def judge(pair: Pair, whole: Evidence) -> Moved:
    """Return what became of one run of `whole`, whose tolerances and spread over seeds are what counts."""
    row, other = pair.before.row, pair.now
    if other is None:
        return _moved(pair, "missing", why="the other side has no such run")
    if row.fingerprint == other.row.fingerprint and pair.repeats:
        return _moved(pair, "identical")
    shifts = list(_shifts(pair, whole.check[row.check]))
    state, why = _state(pair, shifts)
    named, before, now, share = _trajectory(pair, whole.spread)
    beyond = [one for one in shifts if one.share > 1]
    limited = [one.away.ulps for one in shifts if one.limit is not None and math.isfinite(one.limit)]
    return _moved(
        pair, state, why,
        groups=tuple(sorted({one.record.kind for one in shifts})),
        tensors=len(shifts),
        first=_first((beyond or shifts)[0]) if shifts else None,
        worst=max((one for one in limited if math.isfinite(one)), default=None),
        share=max((one.share for one in shifts if math.isfinite(one.share)), default=0.0),
        trajectory=f"{named} {before:.6g} → {now:.6g}" if named else "",
        of_spread=share,
    )  # fmt: skip


def _first(one: _Shift) -> Divergence:
    return diverged(one.record, one.away, one.limit if one.limit is not None else 0.0)


def _state(pair: Pair, shifts: Sequence[_Shift]) -> tuple[State, str]:
    assert pair.now is not None
    if any(one.share > 1 for one in shifts):
        return "beyond tolerance", ""
    if lacking := sorted({one.record.kind for one in shifts if one.limit is None}):
        return "not judged", f"no tolerance is known for {', '.join(lacking)}"
    if shifts and not pair.changed and pair.repeats:
        return "other bits", ""
    if shifts and len(shifts) == len(_records(pair)) and all(math.isinf(one.limit or 0.0) for one in shifts):
        return "not judged", "no tensor of it has a tolerance"
    return "within tolerance" if shifts or not pair.repeats else "identical", ""


def _records(pair: Pair) -> tuple[Record, ...]:
    assert pair.before.run.result is not None
    return pair.before.run.result.records


def _shifts(pair: Pair, source: Source) -> Iterator[_Shift]:
    """Yield each tensor whose bits differ, in order of computation."""
    assert pair.now is not None
    assert pair.now.run.result is not None
    check = Check(title="", version=0, proves=(), tolerance=source.tolerance)
    units = units_of(pair.truth.result if pair.truth is not None else None)
    new, precision = {key(one): one for one in pair.now.run.result.records}, pair.before.row.precision
    for old in _records(pair):
        record = new.get(key(old))
        if record is not None and record.digest == old.digest:
            continue
        if old.kind != EXACT and old.kind not in source.tolerance:
            yield _Shift(old, apart(record, old, check.digits(EXACT)), None)
            continue
        limit = BOTH * check.limit(old.kind, old.step, precision)
        yield _Shift(old, apart(record, old, check.digits(old.kind, precision), units.get(key(old), 0.0)), limit)


def _trajectory(pair: Pair, spreads: Sequence[Spread]) -> tuple[str, float, float, float | None]:
    """Return the trajectory whose end moved most, its ends, and the move in units of the spread over seeds."""
    assert pair.now is not None
    row, new = pair.before.row, pair.now.row
    place = row.check, row.framework, row.device, row.precision
    over = {one.name: one.high - one.low for one in spreads if _place(one) == place}
    found: list[tuple[float, str, float, float, float | None]] = []
    for name, values in row.trajectory.items():
        ended = new.trajectory.get(name)
        if not ended or ended == values:
            continue
        move = abs(ended[-1] - values[-1])
        share = move / over[name] if over.get(name) else None
        found.append((share if share is not None else move, name, values[-1], ended[-1], share))
    if not found:
        return "", 0.0, 0.0, None
    _, name, before, now, share = max(found)
    return name, before, now, share


def _place(one: Spread) -> tuple[str, str, str, str]:
    return one.check, one.framework, one.device, one.precision


def _moved(pair: Pair, state: State, why: str = "", **fields: object) -> Moved:
    row = pair.before.row
    made = {
        "check": row.check, "framework": row.framework, "device": row.device, "precision": row.precision,
        "seed": row.seed, "state": state, "why": why, "of": len(_records(pair)),
    } | fields  # fmt: skip
    return Moved(**made)  # type: ignore[arg-type]  # the fields are those of Moved
