"""Parity: every framework agrees with the float64 reference, and with the other frameworks."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.known.suspects import NOTHING_KNOWN, Known
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.ulps import divergence, recorded
from gpusetup.selftest.verdict import VerdictBasis, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Precision, Record, Run
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.ulps import Distance, Pair
    from gpusetup.selftest.verdict import Verdict

_BOTH = 2.0  # each within one limit of the truth, so within two of each other


def pairs(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return the pairs to compare: each framework with the reference, and the frameworks with each other.

    Only runs of the same check, seed and precision are compared; the float64 reference serves every precision. Only
    the first round is used: differences between rounds are the determinism verdict's subject. Runs that judge their
    own cases are the subject of `judge.cases`, as each case is held against float64 there.
    """
    own = _own(runs)
    finished = [run for run in runs if run.result is not None and run.job.round == 1 and run.job.check not in own]
    finished.sort(key=lambda run: run.job.framework == REFERENCE)  # last, so that it is the second of its pairs
    return [
        (run, against)
        for run, against in itertools.combinations(finished, 2)
        if (run.job.check, run.job.seed) == (against.job.check, against.job.seed)
        and (against.job.framework == REFERENCE or run.job.precision == against.job.precision)
    ]


def judge(
    runs: Sequence[Run], measured: Sequence[Pair], checks: dict[str, Check], known: Known = NOTHING_KNOWN
) -> Iterator[Verdict]:
    """Yield one verdict per pair: ``parity`` with the reference, ``agreement`` between frameworks or devices.

    Two frameworks are compared in the tensors that both recorded: one may support an operation that the other lacks.
    A run without a reference to compare with is unproven, unless it is of a user's model, which has none. Tensors that
    a `known` defect makes wrong are left out.
    """
    for pair in measured:
        yield _verdict(pair, checks[pair.run.job.check], known)
    compared = {pair.run.job for pair in measured if pair.against.job.framework == REFERENCE}
    truths = {(run.job.check, run.job.seed): run for run in runs if run.job.framework == REFERENCE}
    for run in runs:
        job = run.job
        if run.result is None or run.result.cases or job.round != 1 or job.framework == REFERENCE or job in compared:
            continue
        if job.model:
            continue
        truth = truths.get((job.check, job.seed))
        why = f"the reference did not finish ({truth.outcome})" if truth is not None else "there is no reference"
        yield conclude("parity", job, "unproven", f"{why}, seed {job.seed}")


def _own(runs: Sequence[Run]) -> set[str]:
    """Return the checks that judge each of their cases themselves."""
    return {run.job.check for run in runs if run.result is not None and run.result.cases}


def _verdict(pair: Pair, check: Check, known: Known) -> Verdict:
    run, against = pair.run.job, pair.against.job
    with_truth = against.framework == REFERENCE
    ours = {_key(record) for record in recorded(pair.run)}
    slack, other = (1.0, "float64") if with_truth else (_BOTH, f"{against.framework} on {against.device}")
    absent = pair.run.result.absent if pair.run.result is not None else {}
    apart = [
        one
        for one in pair.used(check, slack)
        if (_key(one[0]) in ours or (with_truth and f"{one[0].step} {one[0].name}" not in absent))
        and not any(known.tolerates(job, one[0].name) for job in (run, against))
    ]
    first = next((one for one in apart if one[2] > 1), None)
    basis = _basis(apart, pair, check, other)
    place = None
    if first is not None:
        record, distance, _ = first
        summary = f"differs from {other} first in {record.name}, step {record.step}"
        limit = slack * check.limit(record.kind, record.step, run.precision)
        place = divergence(record, distance, limit, check.usual_cause(record.name))
    else:
        summary = f"{_closest(apart)} from {other}" if basis.count else _nothing(apart, pair, other)
        if with_truth and basis.count and basis.left_out:
            summary += f"; {basis.left_out} tensors were not compared, the reference lacks them"
        if with_truth and absent:
            summary += f"; {len(absent)} tensors cannot be computed here: {'; '.join(dict.fromkeys(absent.values()))}"
    found = conclude(
        "parity" if with_truth else "agreement",
        run,
        "failed" if place else "passed" if basis.count else "unproven",
        f"{summary}, seed {run.seed}",
        place,
        basis=basis,
        level="L3",
    )
    return found if with_truth else msgspec.structs.replace(found, against=other)


def _basis(apart: Sequence[tuple[Record, Distance, float]], pair: Pair, check: Check, other: str) -> VerdictBasis:
    """Return how many numbers were compared: those of tensors that have a limit, where a number is expected."""
    precision = pair.run.job.precision
    limited = [one for one in apart if one[1].finite and _has_limit(one[0], check, precision)]
    theirs = {_key(record) for record in recorded(pair.against)}
    return VerdictBasis(
        count=sum(distance.finite for _, distance, _ in limited),
        tensors=len(limited),
        left_out=sum(_key(one) not in theirs and _has_limit(one, check, precision) for one in recorded(pair.run)),
        against=other,
    )


def _has_limit(record: Record, check: Check, precision: Precision) -> bool:
    return math.isfinite(check.limit(record.kind, record.step, precision))


def _nothing(apart: Sequence[tuple[Record, Distance, float]], pair: Pair, other: str) -> str:
    """Say why nothing was compared."""
    who = "the reference" if pair.against.job.framework == REFERENCE else other
    if not recorded(pair.against):
        return f"{who} recorded nothing"
    if not apart:
        return f"{who} recorded none of this run's tensors"
    return f"what {who} recorded cannot be compared: it is empty, NaN, or without a tolerance"


def _closest(apart: Sequence[tuple[Record, Distance, float]]) -> str:
    """Return the largest share of a tolerance that was used, and where."""
    limited = [one for one in apart if one[1].ulps is not None and one[1].finite]
    record, distance, used = max(limited, key=lambda one: one[2])
    return f"at most {used:.0%} of the tolerance ({distance.ulps:.1f} ulps, {record.name}, step {record.step})"


def _key(record: Record) -> tuple[int, str]:
    return record.step, record.name
