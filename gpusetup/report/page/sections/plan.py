"""A plan: the chosen stack, what changes on the machine, why each version and not another, and what to know."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gpusetup.report.page.model import Section
from gpusetup.report.page.sections import matrix as matrices
from gpusetup.report.plan_rows import NOTHING, rows
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import Refusal, Stack
from gpusetup.resolve.pins import FRAMEWORKS, PINS

if TYPE_CHECKING:
    from gpusetup.report.page.model import Result
    from gpusetup.resolve.model import Card, Change, Choice


class Row(NamedTuple):
    """One component of the machine, before and after."""

    component: str
    now: str
    after: str
    change: str
    """``new``, ``changes``, ``stays`` or ``goes``."""


class Why(NamedTuple):
    """One choice, with its name for people."""

    title: str
    choice: Choice


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield for each plan what it chose, and what else would run on its cards."""
    for one in results:
        value = one.value if isinstance(one.value, Stack | Refusal) else one.value.stack
        if isinstance(value, Stack):
            yield _chosen(value)
            yield from _others(value)
        elif isinstance(value, Refusal):
            yield _refused(value)


def _chosen(stack: Stack) -> Section:
    target = ", ".join(map(_card, stack.request.cards)) or "the CPU"
    arch = "" if stack.request.machine_arch == "x86_64" else f", {stack.request.machine_arch}"
    risks = [one for one in stack.warnings if not one.minor]
    return Section(
        id="plan",
        title="Plan",
        template="plan.html.j2",
        view={
            "components": list(rows(stack)),
            "changes": [_row(one) for one in stack.changes],
            "reasons": [Why(TITLES[one.component], one) for one in stack.choices],
            "risks": risks,
            "minor": [one for one in stack.warnings if one.minor],
        },
        state="warning" if risks else "ok",
        answer=f"A stack for {target} on {stack.distro_name} {stack.release}{arch}",
    )


def _refused(refusal: Refusal) -> Section:
    target = ", ".join(map(_card, refusal.request.cards)) or "the CPU"
    return Section(
        id="plan",
        title="Plan",
        template="refusal.html.j2",
        view={"because": refusal.because, "ways": [(one.text, shlex.join(one.options)) for one in refusal.ways_out]},
        state="error",
        answer=f"No stack is possible for {target}: these requirements conflict",
    )


def _others(stack: Stack) -> Iterator[Section]:
    """Yield the matrix of the plan's cards and frameworks, without its pins of the frameworks and the Python."""
    from gpusetup.facts import facts
    from gpusetup.resolve.matrix import matrix

    request = stack.request
    if not request.cards or request.environments:
        return
    free = {pin.field: "" for pin in PINS if pin.field in (*FRAMEWORKS, "python", "cuda", "cudnn")}
    frameworks = tuple(one for one in FRAMEWORKS if one in request.frameworks)
    wide = replace(request, frameworks=frameworks, **free)
    picked = frozenset(one.value for one in stack.choices if one.component in FRAMEWORKS)
    yield matrices.section(matrix(facts(), wide, arch=request.machine_arch), picked=picked)


def _row(change: Change) -> Row:
    now, after = change.now or NOTHING, change.after or NOTHING
    if not change.now:
        what = "new"
    elif not change.after:
        what = "goes"
    else:
        what = "stays" if _same(change) else "changes"
    return Row(change.component, now, after, what)


def _same(change: Change) -> bool:
    """Say whether what is there is what will be: the version is the first word of both."""
    return change.now.partition(" ")[0].rstrip(",") == change.after.partition(" ")[0].rstrip(",")


def _card(card: Card) -> str:
    count = f"{card.count} × " if card.count > 1 else ""
    return f"{count}{card.name} ({card.compute_capability})"
