"""The proof for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.junit import Case, suite
from gpusetup.report.selftest import explain, subject

if TYPE_CHECKING:
    from gpusetup.selftest.model import Verdict
    from gpusetup.selftest.proof import Proof


def junit(proof: Proof) -> str:
    """Return JUnit XML: a test case for every verdict; what is unproven is skipped."""
    return suite("gpusetup selftest", [_case(verdict) for verdict in proof.verdicts])


def _case(verdict: Verdict) -> Case:
    seeds = f", seed {verdict.seed}" if verdict.seed is not None else ""
    name = f"{verdict.kind}{seeds}"
    match verdict.state:
        case "failed":
            return Case(subject(verdict), name, "failure", verdict.summary, list(explain(verdict)))
        case "unproven":
            return Case(subject(verdict), name, "skipped", verdict.summary)
    return Case(subject(verdict), name, "noted", said=[verdict.summary])
