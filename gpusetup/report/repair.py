"""A repair as text: its steps with commands and reasons, then what has to be done by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.remedies.repair import reasons
from gpusetup.report.text import say
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.remedies.repair import Left, Repair
    from gpusetup.render.model import Step

ORDER = (
    "choice", "console", "restart", "work", "hardware", "packages", "lasting", "start", "own", "login", "elsewhere",
    "judgement", "distribution", "image", "outside", "strange", "unseen", "note",
)  # fmt: skip
"""Order of the reasons: what takes least effort comes first."""
MANY = 8
"""How many of the findings without a remedy are listed."""


def show(repair: Repair) -> None:
    """Print `repair` on stdout."""
    steps = repair.recipe.steps
    said = f"{len(steps)} step{'s' * (len(steps) != 1)} can be applied; nothing has been changed yet"
    say(said if steps else "gpusetup has no step to apply; nothing has been changed", bold=True)
    for step in steps:
        say()
        _show_step(step)
    if steps:
        say()
        say("To apply the steps, each checked before and after: sudo gpusetup doctor --fix --apply")
        say("To undo them: sudo gpusetup doctor --fix --undo")
    if repair.by_hand:
        say()
        say("The rest has to be done by hand:", bold=True)
    for reason in sorted({left.reason for left in repair.by_hand}, key=ORDER.index):
        _show_left(reason, [left for left in repair.by_hand if left.reason == reason])


def _show_step(step: Step) -> None:
    say(neutral(f"STEP {step.id}: {step.title}"), colour="cyan")
    say(neutral(f"Why: {step.why}"), indent=2)
    for line in step.apply.splitlines():
        if not line.startswith("undo_by "):
            say(neutral(line), indent=4, wrap=False, bold=True)
    if step.reboot_after:
        say("It takes effect at the next boot.", indent=2)
    if step.manual:
        say(f"Then do this yourself: {step.manual}.", indent=2)


def _show_left(reason: str, found: list[Left]) -> None:
    say()
    say(f"BY HAND, since {reasons()[reason]}:", colour="yellow")
    for left in found if reason != "unseen" else found[:MANY]:
        _show_finding(left.finding)
    if reason == "unseen" and len(found) > MANY:
        say(f"and {len(found) - MANY} more: see gpusetup doctor", indent=2)
    if reason == "choice":
        rules = ",".join(dict.fromkeys(left.finding.rule for left in found))
        say(f"To apply all of these: sudo gpusetup doctor --fix --apply --only {rules}", indent=2)


def _show_finding(finding: Finding) -> None:
    say(neutral(f"{finding.rule}, {finding.subject}: {finding.summary}"), indent=2)
    if finding.remedy:
        say(f"{neutral(finding.remedy.text)}.", indent=4)
        for command in finding.remedy.commands:
            say(neutral(command), indent=6, wrap=False, bold=True)
