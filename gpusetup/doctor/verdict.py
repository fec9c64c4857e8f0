"""The verdict over all findings: what it rests on, what the exit code says, and the one line that comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.finding import Basis, Verdict
from gpusetup.doctor.to_finding import NOTHING_HERE, UNTRIED
from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.rule import Rule

NO_GPU = "GPU001"
SEVERITIES = ("info", "warning", "error")
_COUNTED = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "unknown": ("check could not look", "checks could not look"),
    "info": ("note", "notes"),
}
_SHOWN = ("error", "warning", "unknown")
NOTHING_LOOKED_AT = "unknown: nothing was looked at"


def require_gpu(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with "no GPU" as an error."""
    return tuple(
        msgspec.structs.replace(one, state="error") if one.rule == NO_GPU and one.state in {"info", "warning"} else one
        for one in findings
    )


def basis(findings: Iterable[Finding]) -> Basis:
    """Return what a verdict over `findings` rests on: how many rules looked, and how many did not, and why."""
    rules: dict[str, set[str]] = {}
    for one in findings:
        rules.setdefault(_standing(one), set()).add(one.rule)
    looked = rules.get("looked", set())
    count = {name: len(some if name == "unknown" else some - looked) for name, some in rules.items()}
    return Basis(**(count | {"looked": len(looked)}))


def _standing(one: Finding) -> str:
    if one.silenced:
        return "silenced"
    if one.state == "skipped":
        return "untried" if one.evidence[:1] == UNTRIED else "explained"
    if one.state == "unknown":
        return "unknown"
    return "nothing_here" if one.evidence == NOTHING_HERE else "looked"


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict in one word; `Verdict` says what each means."""
    findings = tuple(findings)
    states = {one.state for one in findings}
    if states & {"error", "warning"}:
        return "problems"
    if any(one.silenced for one in findings):
        return "silenced"
    if "unknown" in states or not basis(findings).looked:
        return "unknown"
    return "no-gpu" if _no_gpu(findings) else "healthy"


def exit_code(findings: Iterable[Finding], rules: Iterable[Rule], fail_on: str) -> int:
    """Return 1 for a problem at or above `fail_on`, 3 when a required rule could not look or none did, else 0."""
    findings = tuple(findings)
    if any(one.state in SEVERITIES[SEVERITIES.index(fail_on) :] for one in findings):
        return EXIT_PROBLEMS
    required = {rule.id for rule in rules if rule.required}
    blind = any(one.state == "unknown" and one.rule in required for one in findings)
    return CannotLookError.exit_code if blind or _nothing(findings) else EXIT_FINE


def headline(findings: Iterable[Finding]) -> str:
    """Return the verdict in one line, such as ``1 error, 2 warnings, 1 check could not look; silenced: 1 error``."""
    findings = tuple(findings)
    found, quiet = _found(findings), _silenced(findings)
    if found and quiet:
        return f"{found}; silenced: {quiet}"
    return found or (f"{quiet}, silenced" if quiet else _nothing_found(findings))


def first_line(findings: Iterable[Finding]) -> str:
    """Return the `headline` with the cause of most of it, for whoever reads no further: findings come worst first."""
    findings = tuple(findings)
    worst = next((one for one in findings if one.state in {"error", "warning"}), None)
    if worst is None:
        return headline(findings)
    alone = sum(one.state in _SHOWN for one in findings) == 1
    quiet = _silenced(findings)
    said = f"{_found(findings)}{':' if alone else ', first:'} {worst.summary}"
    return f"{said}; silenced: {quiet}" if quiet else said


def _found(findings: tuple[Finding, ...]) -> str:
    said = _counted(Counter(one.state for one in findings), _SHOWN)
    if said and _no_gpu(findings):
        return f"no NVIDIA GPU found; CPU checks still run, {said}"
    return said


def _silenced(findings: tuple[Finding, ...]) -> str:
    """Return ``1 error, 2 notes`` of what the silences cover; the first word of a silence is what it silenced."""
    return _counted(Counter(one.silenced.partition(" ")[0] for one in findings if one.silenced), tuple(_COUNTED))


def _counted(count: Counter[str], states: tuple[str, ...]) -> str:
    return ", ".join(f"{count[one]} {_COUNTED[one][count[one] > 1]}" for one in states if count[one])


def _nothing_found(findings: tuple[Finding, ...]) -> str:
    if _nothing(findings):
        here = any(one.evidence == NOTHING_HERE for one in findings)
        return f"{NOTHING_LOOKED_AT}: this machine has nothing of the kind" if here else NOTHING_LOOKED_AT
    if _no_gpu(findings):
        return "no NVIDIA GPU found; CPU checks still run, nothing is wrong"
    return "healthy: nothing wrong was found"


def _nothing(findings: tuple[Finding, ...]) -> bool:
    """Say whether no rule looked at anything, and nobody has accepted that."""
    return not basis(findings).looked and not any(one.silenced for one in findings)


def _no_gpu(findings: Iterable[Finding]) -> bool:
    return any(one.rule == NO_GPU and one.state == "info" for one in findings)
