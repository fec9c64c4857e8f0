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
AS_ROOT = NextStep(text="Check the rest as root", command='sudo "$(command -v gpusetup)" doctor')
SAVE = NextStep(text="Report it with the machine as it was read", command="gpusetup detect --output machine.json")
NO_DRIVER = "DRV003"
FINE = {"healthy", "no-gpu", "silenced"}


def next_step(report: Report) -> NextStep:
    """Return what to do about the first problem, or else about what the rules cannot check, or else to prove it."""
    wrong = [one for one in report.findings if one.state in {"error", "warning"}]
    if wrong:
        return _remedy(wrong[0])
    unknown = [one for one in report.findings if one.state == "unknown"]
    if unknown:
        return next((_remedy(one) for one in unknown if one.remedy), SAVE)
    return PROVE if report.verdict in FINE else PLAN


def _remedy(one: Finding) -> NextStep:
    if one.remedy is None or one.rule == NO_DRIVER:
        return (
            PLAN
            if one.rule == NO_DRIVER
            else NextStep(text=f"Read about {one.rule}", command=f"gpusetup doctor --explain {one.rule}")
        )
    return NextStep(text=one.remedy.text, command=next(iter(one.remedy.commands), ""))
