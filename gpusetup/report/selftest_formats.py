"""The proof for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.formats.outcome import Outcome, Outcomes, State
from gpusetup.report.selftest import explain, subject
from gpusetup.report.selftest_headline import headline

if TYPE_CHECKING:
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.verdict import Verdict


def outcomes(proof: Proof, *, strict: bool = False) -> Outcomes:
    """Return an outcome for every verdict, and for what was asked for and has none.

    What should be proven and is not could not be checked. A known upstream defect is a warning, a failure if `strict`.
    """
    found = proof.concluded()
    return Outcomes(
        program="gpusetup selftest",
        version=proof.gpusetup,
        headline=headline(proof, found),
        rows=(*(_outcome(one, strict=strict) for one in proof.verdicts), *map(_missed, proof.missed)),
        properties={"state": found.state, "level": found.level, "at": proof.made_at},
    )


def _missed(told: str) -> Outcome:
    what = told.partition(":")[0]
    return Outcome(rule="run", subject=what, group="asked for", name=what, state="unknown", message=told)


def _outcome(verdict: Verdict, *, strict: bool) -> Outcome:
    seeds = f", seed {verdict.seed}" if verdict.seed is not None else ""
    where = subject(verdict)
    return Outcome(
        rule=verdict.kind,
        subject=where,
        group=where,
        name=f"{verdict.kind}{seeds}",
        state=_state(verdict, strict=strict),
        message=verdict.summary,
        details=_details(verdict),
    )


def _state(verdict: Verdict, *, strict: bool) -> State:
    match verdict.state:
        case "failed":
            return "failed"
        case "known":
            return "failed" if strict else "warning"
        case "unproven":
            return "unknown" if verdict.required else "skipped"
    return "noted"


def _details(verdict: Verdict) -> tuple[str, ...]:
    if verdict.state not in {"failed", "known"}:
        return ()
    avoid = (f"to avoid it: {verdict.defect.way_out}", *verdict.defect.threads) if verdict.defect is not None else ()
    return (*explain(verdict), *avoid)
