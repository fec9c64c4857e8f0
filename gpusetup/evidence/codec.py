"""Evidence as a table of a lock, and its runs as the self-test has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.evidence.made import grouped, run_name, trajectories
from gpusetup.evidence.model import Evidence
from gpusetup.selftest.model import Job, place_of
from gpusetup.selftest.proof import Kept, KeptResult
from gpusetup.selftest.proof_codec import Packed, unpack

if TYPE_CHECKING:
    from gpusetup.evidence.model import Result
    from gpusetup.selftest.model import Run

_MOST_THREADS, _MOST_MINUTES, _LAST_SEED, _DOUBLE = 4096, 60 * 24 * 31, 10**18, 53
AGAIN = "take the file back from version control, or lock again"


def to_table(made: Evidence) -> dict[str, Any]:
    """Return the table of a lock, without its digest, which the lock computes."""
    table: dict[str, Any] = msgspec.to_builtins(made)
    return {name: value for name, value in table.items() if name != "digest" and value not in ("", (), [], {})}


def from_table(table: dict[str, Any], where: str) -> Evidence:
    """Return the evidence in a lock's table; `where` names it in errors.

    Raises `WrongInputError` where it is none, or where what it shows disagrees with what would be compared.
    """
    empty: dict[str, Any] = {"installed": {}, "environment": {}, "check": {}, "run": [], "layout": {}, "packed": {}}
    try:
        found = msgspec.convert(empty | table, Evidence)
        shown = {run_name(place_of(run.job)): run for run in runs(found)}
    except (msgspec.ValidationError, KeyError, ValueError, OverflowError, WrongInputError) as error:
        raise WrongInputError(f"{where} holds no proof that can be read: {error}", AGAIN) from error
    _require_sound(found, where)
    for row in found.run:
        _require_shown(row, shown[run_name(_place(row))], where)
    return found


def runs(one: Evidence) -> list[Run]:
    """Return the runs with their records, in the order of `Evidence.run`."""
    kept = [Kept(job=_job(row, one), outcome="finished", seconds=0.0, result=_kept(row, one)) for row in one.run]
    return unpack(Packed(tuple(kept), one.environment, one.layout))


def _place(row: Result) -> tuple[str, str, str, str, int | None]:
    return row.check, row.framework, row.device, row.precision, row.seed


def _job(row: Result, one: Evidence) -> Job:
    return Job(
        check=row.check, framework=row.framework, device=row.device, seed=row.seed, round=1, profile=one.profile,
        threads=one.threads, precision=row.precision, minutes=one.minutes, data=one.data, model=one.model,
    )  # fmt: skip


def _kept(row: Result, one: Evidence) -> KeptResult:
    layout, digests, values = one.packed[run_name(_place(row))]
    return KeptResult(
        environment=row.environment, layout=layout, fingerprint=row.fingerprint, digests=digests, values=values
    )


def _require_sound(found: Evidence, where: str) -> None:
    """Raise `WrongInputError` for numbers that no lock has: nothing is run or computed with them."""
    limits = [one for source in found.check.values() for one in source.tolerance.values()]
    sound = {
        "threads": 1 <= found.threads <= _MOST_THREADS,
        "minutes": 0 <= found.minutes <= _MOST_MINUTES,
        "a seed": all(0 <= row.seed <= _LAST_SEED for row in found.run),
        "a tolerance": all(one.ulps >= 0 and one.growth >= 0 and 1 <= one.digits <= _DOUBLE for one in limits),
        "a check's source": all(row.check in found.check for row in found.run),
    }
    if wrong := [name for name, well in sound.items() if not well]:
        raise WrongInputError(f"{where} holds no proof that can be read: {wrong[0]} is missing or out of range", AGAIN)


def _require_shown(row: Result, run: Run, where: str) -> None:
    """Raise `WrongInputError` unless the hashes and trajectories that people review are those that are compared."""
    assert run.result is not None
    same = row.group == grouped(run.result.records) and row.trajectory == dict(trajectories(run.result.records))
    if not same or not all(math.isfinite(value) for value in row.from_float64.values()):
        name = run_name(place_of(run.job))
        raise WrongInputError(f"{where}: what it shows of {name} is not what it would compare", AGAIN)
