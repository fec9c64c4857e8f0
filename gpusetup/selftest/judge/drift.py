"""How far a run is from the saved one: bit for bit in the same environment, within tolerance in another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.selftest.changes import named
from gpusetup.selftest.ulps import spacing
from gpusetup.selftest.verdict import Divergence, VerdictBasis, elements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Precision, Record, Result
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import Changed, Level, State

_BOTH = 2.0
_SAVED = "the saved run"
_NAMED = 3
_UNEXPLAINED = (
    "something that the environment key does not hold: a library replaced under the same version, a kernel chosen by"
    " free memory, or faulty hardware"
)


class Judgement(NamedTuple):
    """What one run is, held against its baseline."""

    state: State
    summary: str
    first: Divergence | None = None
    basis: VerdictBasis = VerdictBasis()
    level: Level = ""


class Apart(NamedTuple):
    """How far two records of a tensor are apart, at the worst of the kept elements; infinite when nothing can say."""

    ulps: float
    where: tuple[int, ...]
    got: str
    expected: str


def compare(now: Result, before: Result, check: Check, precision: Precision, changed: Sequence[Changed]) -> Judgement:
    """Return what has become of a saved run whose environment has `changed` so."""
    names = named(changed)
    saved = elements(before.records)
    if not saved.count:
        return Judgement("unproven", "the saved run recorded nothing")
    basis = VerdictBasis(count=saved.count, tensors=saved.tensors, against=_SAVED)
    if now.fingerprint == before.fingerprint:
        text = "the same bits" + (f", though it changed: {names}" if changed else "")
        return Judgement("passed", text, basis=basis, level="L2")
    first = _first_beyond(now, before, check, precision, changed)
    where = f"first in {first.tensor}, step {first.step}" if first else "it records other tensors"
    if not changed:
        return Judgement("failed", f"other bits than the baseline in the same environment, {where}", first, basis)
    if first is not None:
        return Judgement("failed", f"beyond tolerance of the baseline (changed: {names}), {where}", first, basis)
    basis, same = _within(now, before, check, precision)
    if same:
        return Judgement("passed", f"the same bits, and further tensors (changed: {names})", basis=basis, level="L2")
    if not basis.count:
        return Judgement("unproven", f"other bits, and no tensor has a limit to be within (changed: {names})")
    return Judgement("passed", f"L3: other bits, within tolerance (changed: {names})", basis=basis, level="L3")


def _within(now: Result, before: Result, check: Check, precision: Precision) -> tuple[VerdictBasis, bool]:
    """Return what of the saved run was held against a limit or has the same bits, and whether all of it has."""
    digests = {_key(record): record.digest for record in now.records}
    count = tensors = 0
    everything = True
    for old in before.records:
        same = digests.get(_key(old)) == old.digest
        everything = everything and same
        limited = math.isfinite(check.limit(old.kind, old.step, precision))
        kept = math.prod(old.shape) if same else sum(one is not None for one in old.sample) if limited else 0
        count, tensors = count + kept, tensors + bool(kept)
    new = {_key(record) for record in now.records} - {_key(record) for record in before.records}
    return VerdictBasis(count=count, tensors=tensors, left_out=len(new), against=_SAVED), everything


def _first_beyond(
    now: Result, before: Result, check: Check, precision: Precision, changed: Sequence[Changed]
) -> Divergence | None:
    """Return the first record that differs by more than twice its limit; unless `changed`, any other bit is one."""
    new = {_key(record): record for record in now.records}
    for old in before.records:
        record = new.get(_key(old))
        if record is not None and record.digest == old.digest:
            continue
        limit = _BOTH * check.limit(old.kind, old.step, precision) if changed else 0.0
        apart = _apart(record, old, check.digits(old.kind, precision))
        if changed and apart.ulps <= limit:
            continue
        return Divergence(
            step=old.step,
            tensor=old.name,
            index=apart.where,
            got=apart.got,
            expected=apart.expected,
            ulps=apart.ulps if math.isfinite(apart.ulps) else None,
            limit=limit,
            cause=_cause(changed),
        )
    return None


def _cause(changed: Sequence[Changed]) -> str:
    """Name what of the environment is another: parity, and not this verdict, says what is wrong in a program."""
    likely = [one for one in changed if one.rank] or list(changed)
    if not likely:
        return _UNEXPLAINED
    told = "; ".join(f"{one} ({one.why})" if one.why else str(one) for one in likely[:_NAMED])
    more = f"; and {len(likely) - _NAMED} more" if len(likely) > _NAMED else ""
    return f"what changed in the environment: {told}{more}"


def _apart(record: Record | None, old: Record, digits: int) -> Apart:
    """Return the distance over the kept elements; that of other bits is infinite when none of those differ."""
    if record is None:
        return Apart(math.inf, (), "nothing", "a tensor")
    if record.shape != old.shape:
        return Apart(math.inf, (), f"shape {record.shape}", f"shape {old.shape}")
    bits = Apart(math.inf, (), f"digest {record.digest}", f"digest {old.digest}")
    if not old.sample:
        return bits
    pairs = [*zip(record.sample, old.sample, strict=True), (record.largest, old.largest)]
    distances = [_distance(*pair) for pair in pairs]
    worst = max(range(len(pairs)), key=distances.__getitem__)
    ulps = distances[worst] / spacing(old.largest or 0.0, digits)
    if ulps == 0:
        return bits._replace(ulps=0.0)
    where = _unravel(worst, old) if worst < len(old.sample) else ()
    return Apart(ulps, where, *(f"{value:.9g}" if value is not None else "not finite" for value in pairs[worst]))


def _distance(got: float | None, expected: float | None) -> float:
    if got is None or expected is None:
        return 0.0 if got is expected else math.inf
    return abs(got - expected)


def _unravel(sample: int, record: Record) -> tuple[int, ...]:
    """Return where in the tensor its `sample`-th kept element stands; the recorder spreads them so."""
    size, count = math.prod(record.shape), len(record.sample)
    flat = sample * (size - 1) // max(1, count - 1)
    index = []
    for length in reversed(record.shape):
        flat, here = divmod(flat, length)
        index.append(here)
    return tuple(reversed(index))


def _key(record: Record) -> tuple[int, str]:
    return record.step, record.name
