"""Invariants: properties that must hold for any input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.known.suspects import NOTHING_KNOWN, Known
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.verdict import VerdictBasis, conclude

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Invariant, Job, Run
    from gpusetup.selftest.verdict import Verdict


def judge(runs: Sequence[Run], known: Known = NOTHING_KNOWN) -> Iterator[Verdict]:
    """Yield one verdict per run, including the reference, which must satisfy the invariants as well.

    Later rounds get a verdict only when they violate something that earlier rounds did not. A check without invariants
    gets no verdict; a run that recorded none is unproven when other runs of the same check recorded some. What is
    violated by a `known` defect is left to `judge.defects`.
    """
    with_invariants = {
        run.job.check for run in runs if run.job.framework != REFERENCE and run.result and run.result.invariants
    }
    reported: set[tuple[Job, tuple[str, ...]]] = set()
    for run in runs:
        if run.result is None:
            continue
        if not run.result.invariants:
            if run.job.round == 1 and run.job.framework != REFERENCE and run.job.check in with_invariants:
                text = f"it recorded none, but other runs of this check did, seed {run.job.seed}"
                yield conclude("invariant", run.job, "unproven", text)
            continue
        judged = [one for one in run.result.invariants if one.holds or not known.tolerates(run.job, one.name)]
        broken = [one for one in judged if not one.holds]
        key = (msgspec.structs.replace(run.job, round=1, trace="", log=""), tuple(one.name for one in broken))
        if broken and key not in reported:
            reported.add(key)
            yield _failed(run.job, broken)
        elif run.job.round == 1:
            basis = VerdictBasis(count=len(judged), of="invariants")
            left = len(run.result.invariants) - len(judged)
            more = f", and {left} are violated by a known defect" if left else ""
            text = f"all {basis.count} hold{more}, seed {run.job.seed}"
            yield conclude("invariant", run.job, "passed", text, basis=basis)


def _failed(job: Job, broken: Sequence[Invariant]) -> Verdict:
    """Return the verdict that names the first violated invariant, and the others in its evidence."""
    first, *others = [f"{one.name} ({one.detail})" for one in broken]
    more = f", and {len(others)} more" if others else ""
    evidence = tuple(f"violated: {one}" for one in others)
    return conclude("invariant", job, "failed", f"violated: {first}{more}, seed {job.seed}", evidence=evidence)
