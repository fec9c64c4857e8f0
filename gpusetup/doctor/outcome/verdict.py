"""The verdict over all findings: what it rests on, what the exit code says, and the one line that comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.finding import Basis, Verdict
from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE, UNRECORDED, UNTRIED
from gpusetup.doctor.rule import HERE
from gpusetup.errors import EXIT_FINE, EXIT_PROBLEMS, CannotLookError

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.rule import Rule

NO_GPU = "GPU001"
SEVERITIES = ("info", "warning", "error")
_COUNTED = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "unknown": ("rule cannot check", "rules cannot check"),
    "info": ("note", "notes"),
}
_NOT_TRIED: dict[tuple[str, ...], str] = {UNTRIED: "untried", UNRECORDED: "unrecorded"}
_SHOWN = ("error", "warning", "unknown")
NOTHING_LOOKED_AT = "unknown: nothing was checked"
SUBJECTS_SHOWN = 3
"""How many other subjects the first line names."""


def require_gpu(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with "no GPU" as an error."""
    return tuple(
        msgspec.structs.replace(one, state="error") if one.rule == NO_GPU and one.state in {"info", "warning"} else one
        for one in findings
    )


def basis(findings: Iterable[Finding]) -> Basis:
    """Return what a verdict over `findings` rests on: how many rules checked something, how many did not, and why."""
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
        return _NOT_TRIED.get(one.evidence[:1], "explained")
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
    if "unknown" in states or not _looked(findings):
        return "unknown"
    return "no-gpu" if _no_gpu(findings) else "healthy"


def exit_code(findings: Iterable[Finding], rules: Iterable[Rule], fail_on: str) -> int:
    """Return 1 for a problem at or above `fail_on`, 3 when a required rule cannot check or none did, else 0."""
    findings = tuple(findings)
    if any(one.state in SEVERITIES[SEVERITIES.index(fail_on) :] for one in findings):
        return EXIT_PROBLEMS
    required = {rule.id for rule in rules if rule.required}
    blind = any(one.state == "unknown" and one.rule in required for one in findings)
    return CannotLookError.exit_code if blind or _nothing(findings) else EXIT_FINE


def headline(findings: Iterable[Finding]) -> str:
    """Return the verdict in one line, such as ``1 error, 2 warnings, 1 rule cannot check; silenced: 1 error``."""
    findings = tuple(findings)
    found, quiet = _found(findings), _silenced(findings)
    if found and quiet:
        return f"{found}; silenced: {quiet}"
    return found or (f"{quiet}, silenced" if quiet else _nothing_found(findings))


def first_line(findings: Iterable[Finding]) -> str:
    """Return the `headline`, the root cause of most of it, and what else has a problem: findings come worst first.

    ``1 error, 2 warnings: GPU 3: the GPU has fallen off the bus; 2 more on GPU 1 and this machine``
    """
    findings = tuple(findings)
    wrong = together(one for one in findings if one.state in {"error", "warning"})
    if not wrong:
        return headline(findings)
    quiet = _silenced(findings)
    said = f"{_found(findings)}: {named(wrong[0])}{_more([one.subject for one in wrong[1:]])}"
    return f"{said}; silenced: {quiet}" if quiet else said


def named(one: Finding) -> str:
    """Return what is wrong with what: the subject of a finding over the whole machine goes without saying."""
    return one.summary if one.subject == HERE else f"{one.subject}: {one.summary}"


def _more(subjects: list[str]) -> str:
    """Return ``; 2 more on GPU 1 and this machine``."""
    if not subjects:
        return ""
    names = list(dict.fromkeys(subjects))
    shown = names[:SUBJECTS_SHOWN] + (["others"] if len(names) > SUBJECTS_SHOWN else [])
    return f"; {len(subjects)} more on {' and '.join([', '.join(shown[:-1]), shown[-1]] if shown[1:] else shown)}"


def _found(findings: tuple[Finding, ...]) -> str:
    said = _counted(_count(findings), _SHOWN)
    if said and _no_gpu(findings):
        return f"no NVIDIA GPU found; rules about the CPU still ran, {said}"
    return said


def _count(findings: tuple[Finding, ...]) -> Counter[str]:
    """Return how many findings there are of each state: what is the same on several GPUs once, and rules by name."""
    count = Counter(one.state for one in together(one for one in findings if one.state != "unknown"))
    count["unknown"] = len({one.rule for one in findings if one.state == "unknown"})
    return Counter(count)


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
        return "no NVIDIA GPU found; rules about the CPU still ran, nothing is wrong"
    if basis(findings).unrecorded:
        return "healthy, by what an older version recorded of this machine"
    return "healthy: nothing wrong was found"


def _nothing(findings: tuple[Finding, ...]) -> bool:
    """Say whether no rule checked anything, and no silence covers that."""
    return not _looked(findings) and not any(one.silenced for one in findings)


def _looked(findings: Iterable[Finding]) -> bool:
    """Say whether any rule checked something: `basis` counts them."""
    return any(_standing(one) == "looked" for one in findings)


def _no_gpu(findings: Iterable[Finding]) -> bool:
    return any(one.rule == NO_GPU and one.state == "info" for one in findings)
