"""The verdict over all findings: what the exit code says, and the one line that comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.rule import Rule

NO_GPU = "GPU001"
SEVERITIES = ("info", "warning", "error")


def require_gpu(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with "no GPU" as an error."""
    return tuple(
        msgspec.structs.replace(one, state="error") if one.rule == NO_GPU and one.state in {"info", "warning"} else one
        for one in findings
    )


def exit_code(findings: Iterable[Finding], rules: Iterable[Rule], fail_on: str) -> int:
    """Return 1 for a problem at or above `fail_on`, 3 when a required rule could not look, else 0."""
    findings = tuple(findings)
    if any(one.state in SEVERITIES[SEVERITIES.index(fail_on) :] for one in findings):
        return EXIT_PROBLEMS
    required = {rule.id for rule in rules if rule.required}
    blind = any(one.state == "unknown" and one.rule in required for one in findings)
    return CannotLookError.exit_code if blind else EXIT_FINE


def headline(findings: Iterable[Finding]) -> str:
    """Return the verdict in one line, such as ``1 error, 2 warnings, 1 check could not look``."""
    findings = tuple(findings)
    count: Counter[str] = Counter(one.state for one in findings)
    words = (
        ("error", "error", "errors"),
        ("warning", "warning", "warnings"),
        ("unknown", "check could not look", "checks could not look"),
    )
    said = [f"{count[state]} {one if count[state] == 1 else many}" for state, one, many in words if count[state]]
    quiet = sum(bool(one.silenced) for one in findings)
    said += [f"{quiet} silenced"] if quiet else []
    if any(one.rule == NO_GPU and one.state == "info" for one in findings):
        return ", ".join(["no NVIDIA GPU found; CPU checks still run", *(said or ["nothing is wrong"])])
    return ", ".join(said) or "healthy: nothing wrong was found"


def first_line(findings: Iterable[Finding]) -> str:
    """Return the `headline` with the cause of most of it, for whoever reads no further: findings come worst first."""
    findings = tuple(findings)
    said, worst = headline(findings), next((one for one in findings if one.state in {"error", "warning"}), None)
    if worst is None:
        return said
    alone = sum(one.state in {"error", "warning", "unknown"} for one in findings) == 1
    return f"{said}{':' if alone else ', first:'} {worst.summary}"
