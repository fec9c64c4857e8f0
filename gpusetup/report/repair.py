"""What would mend the findings, as text: the steps with their commands and reasons, then what is left to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import neutral
from gpusetup.report.text import say

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.repair import Repair
    from gpusetup.render.model import Step

# functions of recipes/library.sh and its likes, which nobody can type
IN_WORDS = {
    "restore_files": "putting back the files as they were before",
    "remove_packages": "removing the packages that it brought",
}


def show(repair: Repair) -> None:
    """Print `repair` on stdout."""
    steps = repair.recipe.steps
    said = f"{len(steps)} step{'s' * (len(steps) != 1)} can be carried out; nothing has been changed"
    say(said if steps else "nothing here can be carried out by gpusetup; nothing has been changed", bold=True)
    for step in steps:
        say()
        _show_step(step)
    if repair.by_hand:
        say()
        say("Only a person can judge or do these:", bold=True)
    for finding in repair.by_hand:
        say()
        _show_finding(finding)
    if steps:
        say()
        say("To carry the steps out, each checked before and after: sudo gpusetup doctor --fix --apply")
        say("To take them back: sudo gpusetup doctor --fix --undo")


def _show_step(step: Step) -> None:
    say(neutral(f"STEP {step.id}: {step.title}"), colour="cyan")
    say(neutral(f"Why: {step.why}"), indent=2)
    for line in step.apply.splitlines():
        if not line.startswith("put_aside "):
            say(neutral(line), indent=4, wrap=False, bold=True)
    undo = [line for line in step.undo.splitlines() if line != ":"]
    say("Taken back by:" if undo else "Needs no taking back.", indent=2)
    for line in undo:
        say(neutral(IN_WORDS.get(line.partition(" ")[0], line)), indent=4, wrap=False)
    if step.reboot_after:
        say("It takes effect with the next start.", indent=2)


def _show_finding(finding: Finding) -> None:
    say(neutral(f"BY HAND {finding.rule}, {finding.subject}: {finding.summary}"), colour="yellow")
    if finding.remedy:
        say(f"{neutral(finding.remedy.text)}.", indent=2)
        for command in finding.remedy.commands:
            say(neutral(command), indent=4, wrap=False, bold=True)
