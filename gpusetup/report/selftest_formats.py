"""The proof for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gpusetup.report.junit import TestCase, suite
from gpusetup.report.selftest import explain, subject

if TYPE_CHECKING:
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.verdict import Verdict


def junit(proof: Proof, *, strict: bool = False) -> str:
    """Return JUnit XML: a test case for every verdict, and for what was asked for and has none.

    What is unproven is skipped, and a known upstream defect too, unless `strict` makes it a failure.
    """
    missed = [TestCase("asked for", one.partition(":")[0], "skipped", one) for one in proof.missed]
    return suite("gpusetup selftest", [*(_case(one, strict=strict) for one in proof.verdicts), *missed])


def _case(verdict: Verdict, *, strict: bool) -> TestCase:
    seeds = f", seed {verdict.seed}" if verdict.seed is not None else ""
    name = f"{verdict.kind}{seeds}"
    match verdict.state:
        case "failed":
            return TestCase(subject(verdict), name, "failure", verdict.summary, list(explain(verdict)))
        case "unproven":
            return TestCase(subject(verdict), name, "skipped", verdict.summary)
        case "known":
            outcome: Literal["failure", "skipped"] = "failure" if strict else "skipped"
            return TestCase(subject(verdict), name, outcome, verdict.summary, list(explain(verdict)))
    return TestCase(subject(verdict), name, "noted", said=[verdict.summary])
