"""Applies a recipe step by step, and undoes applied steps.

For each step: run *check*, note ``started``, run *apply*, run *check* again, note ``applied``. After a power failure at
any moment, journal and check phases together show where to continue: an applied step passes its check; one that was
only started is applied again, so every *apply* must be repeatable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NoReturn

from gpusetup.apply import phases
from gpusetup.apply.journal import Entry
from gpusetup.apply.phases import PhaseResult
from gpusetup.apply.reason import reason
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError, StepFailedError
from gpusetup.render.model import Recipe, Step
from gpusetup.text import neutral

Notify = Callable[[str], None]
Ending = Literal["done", "reboot"]


def look(recipe: Recipe, state: StateDir) -> dict[str, bool]:
    """Return for each step whether it is done. Changes nothing."""
    return {step.id: phases.run(recipe, step, "check", state).status == 0 for step in recipe.steps}


def apply(recipe: Recipe, state: StateDir, notify: Notify) -> Ending:
    """Apply every step that is not done; return ``reboot`` when a step takes effect only at the next boot.

    Raises `StepFailedError`, with what its output says of it, when a step fails or does not pass its check afterwards.
    """
    with state.locked():
        state.keep(recipe)
        for step in recipe.steps:
            notify(f"── {step.id}: {step.title}")
            if _already(recipe, step, state):
                notify("   nothing to do")
            elif _apply_step(recipe, step, state, notify) == "reboot":
                return "reboot"
    return "done"


def undo(state: StateDir, notify: Notify, ours: Callable[[Entry], bool] = lambda _entry: True) -> int:
    """Undo every applied step whose last entry satisfies `ours`, latest first; return how many.

    Raises `StepFailedError` when one cannot be undone; the remaining ones stay applied.
    """
    with state.locked():
        standing = [entry for entry in state.journal.standing() if ours(entry)]
        for entry in standing:
            recipe = state.recipe(entry.recipe)
            step = _step(recipe, entry)
            notify(f"── undoing {step.id}")
            outcome = phases.run(recipe, step, "undo", state)
            if outcome.status != 0:
                _fail(f"undoing the step {step.id} failed", outcome, "fix the cause and run the same command again")
            state.journal.note(recipe.digest, step.id, "undone")
    return len(standing)


def _step(recipe: Recipe, entry: Entry) -> Step:
    found = next((step for step in recipe.steps if step.id == entry.step), None)
    if found is None:
        raise RefusedError(f"the journal lists the step {entry.step}, which its recipe does not have",
                           "find out who changed the journal, and undo that step by hand")  # fmt: skip
    return found


def _already(recipe: Recipe, step: Step, state: StateDir) -> bool:
    last = state.journal.last(step.id)
    # a step that was only started may be half done though its check passes
    if phases.run(recipe, step, "check", state).status != 0 or last == "started":
        return False
    # the step was finished by hand, or by the reboot: note that, so that undo knows it
    if last in ("failed", "waiting"):
        state.journal.note(recipe.digest, step.id, "applied")
    return True


def _apply_step(recipe: Recipe, step: Step, state: StateDir, notify: Notify) -> Ending:
    state.journal.note(recipe.digest, step.id, "started")
    outcome = phases.run(recipe, step, "apply", state)
    if outcome.killed:  # it stays "started": it may be half done, so it is applied again even if its check passes
        _fail(f"the step {step.id} was killed by signal {outcome.killed}", outcome, "run the same command again")
    check = phases.run(recipe, step, "check", state) if outcome.status == 0 else None
    # what takes effect at the next boot cannot pass its check before
    if check is None or (check.status != 0 and not step.reboot_after):
        state.journal.note(recipe.digest, step.id, "failed")
        said = f"failed (exit status {outcome.status})" if check is None else "ran, but its check phase still fails"
        _fail(f"the step {step.id} {said}", outcome, "fix the cause and run the same command again, or use --undo")
    if check.status != 0:
        state.journal.note(recipe.digest, step.id, "waiting")
        return "reboot"
    state.journal.note(recipe.digest, step.id, "applied")
    if step.manual:
        notify(f"   do this yourself: {step.manual}")
    return "done"


def _fail(what: str, outcome: PhaseResult, remedy: str) -> NoReturn:
    last = reason(outcome.tail)
    raise StepFailedError(f"{what}: {neutral(last)}" if last else what, remedy)
