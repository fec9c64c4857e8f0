"""Compare a run with the saved one: bit for bit in the same environment, within tolerance in another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.selftest.changes import named
from gpusetup.selftest.ulps import spacing
from gpusetup.selftest.verdict import Divergence, VerdictBasis, elements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gpusetup.selftest.model import Precision, Record, Result
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import Changed, Level, State

BOTH = 2.0  # each run is within one limit of the reference, so the two are within two limits of each other
_SAVED = "the saved run"
_NAMED = 3
_UNEXPLAINED = (
    "something that the environment key does not record: a library replaced under the same version, a CUDA kernel"
    " chosen by free memory, or faulty hardware"
)


class Judgement(NamedTuple):
    """The result of comparing one run with its baseline."""

    state: State
    summary: str
    first: Divergence | None = None
    basis: VerdictBasis = VerdictBasis()
    level: Level = ""


class Apart(NamedTuple):
    """The distance between two records of a tensor at the worst kept element; infinite when they cannot be compared."""

    ulps: float
    where: tuple[int, ...]
    got: str
    expected: str


def compare(
    now: Result,
    before: Result,
    check: Check,
    precision: Precision,
    changed: Sequence[Changed],
    truth: Result | None = None,
) -> Judgement:
    """Compare a run with its saved counterpart; `changed` lists how their environments differ.

    An ulp is at least that of the reference's tensor, `truth`: it knows of what magnitude a tensor that has cancelled
    was a sum.
    """
    names = named(changed)
    saved = elements(before.records)
    if not saved.count:
        return Judgement("unproven", "the saved run recorded nothing")
    basis = VerdictBasis(count=saved.count, tensors=saved.tensors, against=_SAVED)
    if now.fingerprint == before.fingerprint:
        text = "the same bits" + (f", although these changed: {names}" if changed else "")
        return Judgement("passed", text, basis=basis, level="L2")
    units = units_of(truth)
    first = _first_beyond(now, before, check, precision, changed, units)
    where = f"first in {first.tensor}, step {first.step}" if first else "it records other tensors"
    if not changed:
        return Judgement("failed", f"different bits than the baseline in the same environment, {where}", first, basis)
    if first is not None:
        return Judgement("failed", f"beyond tolerance of the baseline (changed: {names}), {where}", first, basis)
    basis, same = _within(now, before, check, precision)
    if same:
        return Judgement("passed", f"the same bits, and additional tensors (changed: {names})", basis=basis, level="L2")
    if not basis.count:
        return Judgement("unproven", f"different bits, and no tensor has a tolerance (changed: {names})")
    return Judgement("passed", f"L3: different bits, within tolerance (changed: {names})", basis=basis, level="L3")


def _within(now: Result, before: Result, check: Check, precision: Precision) -> tuple[VerdictBasis, bool]:
    """Return how much of the saved run was compared (same bits or a limit), and whether all bits are the same."""
    digests = {key(record): record.digest for record in now.records}
    count = tensors = 0
    everything = True
    for old in before.records:
        same = digests.get(key(old)) == old.digest
        everything = everything and same
        limited = math.isfinite(check.limit(old.kind, old.step, precision))
        kept = math.prod(old.shape) if same else sum(one is not None for one in old.sample) if limited else 0
        count, tensors = count + kept, tensors + bool(kept)
    new = {key(record) for record in now.records} - {key(record) for record in before.records}
    return VerdictBasis(count=count, tensors=tensors, left_out=len(new), against=_SAVED), everything


def units_of(truth: Result | None) -> dict[tuple[int, str], float]:
    """Return the magnitude of each tensor of the reference, which is the unit of one that has cancelled."""
    return {key(record): record.largest or 0.0 for record in truth.records} if truth is not None else {}


def diverged(old: Record, away: Apart, limit: float, cause: str = "") -> Divergence:
    """Return where a tensor differs, from how far it is `away` from the `old` one."""
    return Divergence(
        step=old.step,
        tensor=old.name,
        index=away.where,
        got=away.got,
        expected=away.expected,
        ulps=away.ulps if math.isfinite(away.ulps) else None,
        limit=limit,
        cause=cause,
    )


def _first_beyond(
    now: Result,
    before: Result,
    check: Check,
    precision: Precision,
    changed: Sequence[Changed],
    units: Mapping[tuple[int, str], float],
) -> Divergence | None:
    """Return the first record that differs by more than twice its limit; in an unchanged environment, by any bit."""
    new = {key(record): record for record in now.records}
    for old in before.records:
        record = new.get(key(old))
        if record is not None and record.digest == old.digest:
            continue
        limit = BOTH * check.limit(old.kind, old.step, precision) if changed else 0.0
        away = apart(record, old, check.digits(old.kind, precision), units.get(key(old), 0.0))
        if changed and away.ulps <= limit:
            continue
        return diverged(old, away, limit, _cause(changed))
    return None


def _cause(changed: Sequence[Changed]) -> str:
    """Name the environment's differences as the cause: what is wrong in a program is parity's verdict, not this one."""
    likely = [one for one in changed if one.rank] or list(changed)
    if not likely:
        return _UNEXPLAINED
    listed = "; ".join(f"{one} ({one.why})" if one.why else str(one) for one in likely[:_NAMED])
    more = f"; and {len(likely) - _NAMED} more" if len(likely) > _NAMED else ""
    return f"what changed in the environment: {listed}{more}"


def apart(record: Record | None, old: Record, digits: int, unit: float = 0.0) -> Apart:
    """Return the distance over the kept elements; infinite when nothing was kept, 0 when only dropped ones differ."""
    if record is None:
        return Apart(math.inf, (), "nothing", "a tensor")
    if record.shape != old.shape:
        return Apart(math.inf, (), f"shape {record.shape}", f"shape {old.shape}")
    bits = Apart(math.inf, (), f"digest {record.digest}", f"digest {old.digest}")
    if not old.sample or len(record.sample) != len(old.sample):
        return bits
    pairs = [*zip(record.sample, old.sample, strict=True), (record.largest, old.largest)]
    distances = [_distance(*pair) for pair in pairs]
    worst = max(range(len(pairs)), key=distances.__getitem__)
    ulps = distances[worst] / spacing(max(old.largest or 0.0, unit), digits)
    if ulps == 0:
        return bits._replace(ulps=0.0)
    where = _unravel(worst, old) if worst < len(old.sample) else ()
    return Apart(ulps, where, *(f"{value:.9g}" if value is not None else "not finite" for value in pairs[worst]))


def _distance(got: float | None, expected: float | None) -> float:
    if got is None or expected is None:
        return 0.0 if got is expected else math.inf
    return abs(got - expected)


def _unravel(sample: int, record: Record) -> tuple[int, ...]:
    """Return the index of the `sample`-th kept element in the tensor; the recorder spreads them evenly."""
    size, count = math.prod(record.shape), len(record.sample)
    flat = sample * (size - 1) // max(1, count - 1)
    index = []
    for length in reversed(record.shape):
        flat, here = divmod(flat, length)
        index.append(here)
    return tuple(reversed(index))


def key(record: Record) -> tuple[int, str]:
    """Return the key by which a tensor is found in another run."""
    return record.step, record.name
