"""What to do now: the one step that a report ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Report


class NextStep(Value):
    """One sentence, and the command that begins it, if there is one."""

    text: str
    command: str = ""


PROVE = NextStep(text="Prove that the frameworks compute correctly", command="gpusetup selftest")
PLAN = NextStep(text="Plan a stack that fits this machine", command="gpusetup plan")
LIST = NextStep(text="Choose rules that have something to check", command="gpusetup doctor --list")
FINE = {"healthy", "no-gpu", "silenced"}


def next_step(report: Report) -> NextStep:
    """Return what to do about the first problem, or else about what the rules cannot check, or else to go on."""
    wrong = [one for one in report.findings if one.state in {"error", "warning"}]
    if wrong:
        return _remedy(wrong[0])
    unknown = [one for one in report.findings if one.state == "unknown"]
    if unknown:
        return _remedy(next((one for one in unknown if one.remedy), unknown[0]))
    if report.verdict not in FINE:
        return LIST
    return PLAN if any(one.name == "Frameworks" and one.state == "none" for one in report.areas) else PROVE


def _remedy(one: Finding) -> NextStep:
    if one.remedy is None:
        return NextStep(text=f"Read what {one.rule} means", command=f"gpusetup doctor --explain {one.rule}")
    return NextStep(text=one.remedy.text, command=next(iter(one.remedy.commands), ""))
