"""Applies a recipe step by step, and takes applied steps back.

A step is: look (*check*), note ``started``, *apply*, look again, note ``applied``. Whatever moment the power fails at,
the journal and the checks together tell where to go on: an applied step passes its check; one that was only started
is applied again, which every *apply* must bear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NoReturn

from gpusetup.apply import phases
from gpusetup.apply.journal import Entry
from gpusetup.apply.phases import PhaseResult
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError, StepFailedError
from gpusetup.render.model import Recipe, Step
from gpusetup.text import neutral

Tell = Callable[[str], None]
Ending = Literal["done", "reboot"]


def look(recipe: Recipe, place: StateDir) -> dict[str, bool]:
    """Return for each step whether it is done already. Changes nothing."""
    return {step.id: phases.run(recipe, step, "check", place).status == 0 for step in recipe.steps}


def apply(recipe: Recipe, place: StateDir, tell: Tell) -> Ending:
    """Do every step that is not done yet; ``reboot`` when one can only be finished by the next boot.

    Raises `StepFailedError`, with the step's last lines, when a step fails or its check says no after it ran.
    """
    with place.locked():
        place.keep(recipe)
        for step in recipe.steps:
            tell(f"── {step.id}: {step.title}")
            if _already(recipe, step, place):
                tell("   nothing to do")
            elif _apply_step(recipe, step, place, tell) == "reboot":
                return "reboot"
    return "done"


def undo(place: StateDir, tell: Tell, ours: Callable[[Entry], bool] = lambda _entry: True) -> int:
    """Take back every step that stands and whose last entry is `ours`, the latest first; return how many.

    Raises `StepFailedError` when one cannot be taken back; the others stay as they are.
    """
    with place.locked():
        standing = [entry for entry in place.journal.standing() if ours(entry)]
        for entry in standing:
            recipe = place.recipe(entry.recipe)
            step = _step(recipe, entry)
            tell(f"── taking back {step.id}")
            outcome = phases.run(recipe, step, "undo", place)
            if outcome.status != 0:
                _fail(f"taking back the step {step.id} failed", outcome, "mend the cause and run it again")
            place.journal.note(recipe.digest, step.id, "undone")
    return len(standing)


def _step(recipe: Recipe, entry: Entry) -> Step:
    found = next((step for step in recipe.steps if step.id == entry.step), None)
    if found is None:
        raise RefusedError(f"the journal says that a recipe did {entry.step}, which is no step of it",
                           "see who changed the journal, and take that step back by hand")  # fmt: skip
    return found


def _already(recipe: Recipe, step: Step, place: StateDir) -> bool:
    last = place.journal.last(step.id)
    if phases.run(recipe, step, "check", place).status != 0 or last == "started":
        return False
    if last in ("failed", "waiting"):
        place.journal.note(recipe.digest, step.id, "applied")
    return True


def _apply_step(recipe: Recipe, step: Step, place: StateDir, tell: Tell) -> Ending:
    place.journal.note(recipe.digest, step.id, "started")
    outcome = phases.run(recipe, step, "apply", place)
    if outcome.killed:  # it stays begun: half of it may be done, so it is done again whatever its check says
        _fail(f"the step {step.id} was killed by signal {outcome.killed}", outcome, "run the same command again")
    check = phases.run(recipe, step, "check", place) if outcome.status == 0 else None
    if check is None or (check.status != 0 and not step.reboot_after):
        place.journal.note(recipe.digest, step.id, "failed")
        said = f"failed (exit status {outcome.status})" if check is None else "ran, but its check says it is not done"
        _fail(f"the step {step.id} {said}", outcome, "mend the cause and run the same command again, or use --undo")
    if check.status != 0:
        place.journal.note(recipe.digest, step.id, "waiting")
        return "reboot"
    place.journal.note(recipe.digest, step.id, "applied")
    if step.manual:
        tell(f"   only you can do this: {step.manual}")
    return "done"


def _fail(what: str, outcome: PhaseResult, remedy: str) -> NoReturn:
    last = next((line.strip() for line in reversed(outcome.tail) if line.strip()), "")
    raise StepFailedError(f"{what}: {neutral(last)}" if last else what, remedy)
