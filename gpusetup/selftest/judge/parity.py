"""Parity: every framework agrees with the float64 reference, and with the other frameworks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.distance import divergence
from gpusetup.selftest.model import REFERENCE, conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.distance import Distance, Pair
    from gpusetup.selftest.model import Kind, Record, Run, Verdict

_BOTH = 2.0  # each within one limit of the truth, so within two of each other


def pairs(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return who is compared with whom: each framework with the reference, and the frameworks among themselves.

    Runs of the same check, seed and precision only; the reference has one precision, and is right in all of them. The
    first round speaks for all: rounds that differ are the determinism verdict's affair.
    """
    finished = [run for run in runs if run.outcome == "finished" and run.job.round == 1]
    finished.sort(key=lambda run: run.job.framework == REFERENCE)  # last, so that it is what others are held against
    return [
        (run, against)
        for run, against in itertools.combinations(finished, 2)
        if (run.job.check, run.job.seed) == (against.job.check, against.job.seed)
        and (against.job.framework == REFERENCE or run.job.precision == against.job.precision)
    ]


def judge(measured: Sequence[Pair], checks: dict[str, Check]) -> list[Verdict]:
    """Return one verdict per pair: ``parity`` with the reference, ``agreement`` between frameworks or devices.

    Two frameworks agree in what both of them have: one of them may know a kernel that the other lacks.
    """
    return [_verdict(pair, checks[pair.run.job.check]) for pair in measured]


def _verdict(pair: Pair, check: Check) -> Verdict:
    run, against = pair.run.job, pair.against.job
    with_truth = against.framework == REFERENCE
    recorded = {_key(record) for record in pair.run.result.records} if pair.run.result else set()
    slack, other = (1.0, "float64") if with_truth else (_BOTH, f"{against.framework} on {against.device}")
    apart = [one for one in pair.used(check, slack) if with_truth or _key(one[0]) in recorded]
    first = next((one for one in apart if one[2] > 1), None)
    if first is not None:
        record, distance, _ = first
        summary = f"differs from {other} first in {record.name}, step {record.step}"
        limit = slack * check.limit(record.kind, record.step, run.precision)
        place = divergence(record, distance, limit, check.usual_cause(record.name))
    else:
        summary, place = f"{_closest(apart)} from {other}", None
    kind: Kind = "parity" if with_truth else "agreement"
    found = conclude(kind, run, "failed" if place else "passed", f"{summary}, seed {run.seed}", place)
    return found if with_truth else msgspec.structs.replace(found, against=other)


def _closest(apart: Sequence[tuple[Record, Distance, float]]) -> str:
    """Return how much of what is allowed is used where most of it is."""
    limited = [one for one in apart if one[1].ulps is not None]
    if not limited:
        return "nothing to be held apart"
    record, distance, used = max(limited, key=lambda one: one[2])
    return f"at most {used:.0%} of what is allowed ({distance.ulps:.1f} ulps, {record.name}, step {record.step})"


def _key(record: Record) -> tuple[int, str]:
    return record.step, record.name
