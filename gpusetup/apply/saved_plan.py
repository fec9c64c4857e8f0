"""A saved plan is only a request: the recipe is made anew from it by the tables and templates installed here.

Only the request and the origin in the file are used. Its steps and stack are compared with what the request gives here;
none of its shell text is ever run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import recipe
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Request, Stack

AGAIN = "plan again on this machine; if you have your own steps, pass --recipes DIR both times"


def agreed(saved: Recipe, own: Path | None, facts: Facts) -> Recipe:
    """Return the recipe for the request in `saved`, made here, with the user's `own` steps.

    Raises `RefusedError`, naming the differences, unless it equals the saved recipe.
    """
    from gpusetup.resolve import resolve  # start-up time

    if saved.stack is None:
        raise RefusedError("this plan has no request, so it cannot be verified", AGAIN)
    if saved.origin is None:
        raise RefusedError(
            "this plan does not record the machine it was made for, so it cannot be compared with this one",
            "plan on this machine, or with --machine and a file saved by `gpusetup detect`",
        )
    require_known(saved.stack.request, facts)
    stack = resolve(saved.stack.request, facts)
    made = recipe(stack, own)
    found = [*_differing_parts(saved.stack, stack), *_differing_steps(saved, made)]
    if found:
        raise RefusedError(
            f"this plan differs from the plan made here for the same request: {neutral('; '.join(found))}", AGAIN
        )
    return replace(made, origin=saved.origin)


def own_steps(made: Recipe, own: Path | None) -> tuple[Step, ...]:
    """Return the steps of `made` that are the user's own, or differ because of files in the folder `own`."""
    if own is None or made.stack is None:
        return ()
    built_in = recipe(made.stack)
    return made.steps if made.library != built_in.library else tuple(s for s in made.steps if s not in built_in.steps)


def require_known(request: Request, facts: Facts) -> None:
    """Raise `RefusedError` unless every name in `request` is in the tables."""
    from gpusetup.resolve.asked.request import ARCHES, Wanted, check  # start-up time
    from gpusetup.resolve.pins import FRAMEWORKS, pinned

    capabilities = {cc for row in facts.arch for cc in row.cc}
    strange = [card.compute_capability for card in request.cards if card.compute_capability not in capabilities]
    named = [framework for one in request.environments for framework in one.frameworks]
    strange += [one for one in (*request.frameworks, *named) if one not in FRAMEWORKS]
    strange += [request.machine_arch] if request.machine_arch not in ARCHES else []
    if strange:
        raise RefusedError(f"this plan requests {neutral(', '.join(strange))}, which is in no table here", AGAIN)
    try:
        check(facts, Wanted(distro=request.distro, release=request.release, repo=request.repo, variant=request.variant,
                            environments=request.environments,
                            **pinned(request)))  # fmt: skip
        if request.present_driver:
            check(facts, Wanted(driver=request.present_driver))
    except WrongInputError as error:
        raise RefusedError(f"this plan requests something unknown: {error.message}", AGAIN) from error


def _differing_parts(saved: Stack, made: Stack) -> list[str]:
    """Return the parts that differ, except reasons and warnings, which depend on the day and have no effect."""
    # reasons quote the tables, and warnings depend on today
    words = {"choices", "warnings", "changes"}
    return [f"different {name}" for name in made.__struct_fields__
            if name not in words and getattr(saved, name) != getattr(made, name)]  # fmt: skip


def _differing_steps(saved: Recipe, made: Recipe) -> list[str]:
    before, now = ({step.id: step for step in one.steps} for one in (saved, made))
    found = [f"the step {name} is only in the file" for name in before if name not in now]
    found += [f"the step {name} is not in the file" for name in now if name not in before]
    found += [f"the step {name} differs in its {_part(before[name], now[name])}"
              for name in now if name in before and before[name] != now[name]]  # fmt: skip
    if not found and [step.id for step in saved.steps] != list(now):
        found.append("its steps are in another order, or repeated")
    if saved.library != made.library:
        found.append("the shell functions differ")
    if (saved.distro, saved.release, saved.version) != (made.distro, made.release, made.version):
        found.append("its system differs from its request")
    return found


def _part(saved: Step, made: Step) -> str:
    return ", ".join(name for name in made.__struct_fields__ if getattr(saved, name) != getattr(made, name))
