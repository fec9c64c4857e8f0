"""The proof for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.junit import TestCase, suite
from gpusetup.report.selftest import explain, subject

if TYPE_CHECKING:
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.verdict import Verdict


def junit(proof: Proof) -> str:
    """Return JUnit XML: a test case for every verdict, and for what was asked for and has none; unproven is skipped."""
    missed = [TestCase("asked for", one.partition(":")[0], "skipped", one) for one in proof.missed]
    return suite("gpusetup selftest", [*(_case(verdict) for verdict in proof.verdicts), *missed])


def _case(verdict: Verdict) -> TestCase:
    seeds = f", seed {verdict.seed}" if verdict.seed is not None else ""
    name = f"{verdict.kind}{seeds}"
    match verdict.state:
        case "failed":
            return TestCase(subject(verdict), name, "failure", verdict.summary, list(explain(verdict)))
        case "unproven":
            return TestCase(subject(verdict), name, "skipped", verdict.summary)
    return TestCase(subject(verdict), name, "noted", said=[verdict.summary])
