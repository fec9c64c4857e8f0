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
    from gpusetup.selftest.distance import Pair
    from gpusetup.selftest.model import Record, Run, Verdict

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
        summary = f"differs from {other} first in {first[0].name}, step {first[0].step}"
    else:
        record, distance, used = max(apart, key=lambda one: one[2])
        place = f"{record.name}, step {record.step}"
        summary = f"at most {used:.0%} of what is allowed from {other} ({distance.ulps:.1f} ulps, {place})"
    found = conclude(
        "parity" if with_truth else "agreement",
        run,
        "passed" if first is None else "failed",
        f"{summary}, seed {run.seed}",
        None if first is None else divergence(first[0], first[1], check, slack, run.precision),
    )
    return found if with_truth else msgspec.structs.replace(found, against=other)


def _key(record: Record) -> tuple[int, str]:
    return record.step, record.name
