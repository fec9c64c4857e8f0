"""A stack as text that fits a screen: its components, what changes, what to know, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line
from gpusetup.report.plan_reasons import explained, reason_text, show_choices, show_lost, show_refusal, show_sources
from gpusetup.report.plan_rows import change_rows, rows
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import Refusal, Stack

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.resolve.model import Answer, Card, Reason

COMPONENTS = {
    "cuda": ("toolkit", "compiler"),
    "compiler": ("toolkit", "compiler"),
    "cudnn": ("torch", "cudnn", "jax_cudnn", "toolkit_cudnn"),
    "python": ("python torch", "python tensorflow", "python jax"),
}
"""Field of a question → the choices that answer it, where they are not named like the field."""
SOURCES = 2
"""How many of a fact's sources an answer shows; the fact itself has all (`gpusetup facts show`)."""
MOST = 4
"""How many warnings are shown without --explain."""


def show(result: Stack | Refusal, *, explain: bool, following: str = "") -> None:
    """Print a stack and the command that is `following`, or why none is possible."""
    out = console()
    if isinstance(result, Refusal):
        why, remedy = "No stack is possible: these requirements conflict", "What would allow one"
        if any(reason.fact == "request:distro" for reason in result.because):
            why, remedy = "No recipe for this host", "What is possible"
        show_refusal(out, result, why, remedy, explain=explain)
        return
    show_stack(out, result)
    show_changes(out, result)
    if explain:
        show_choices(out, result)
    else:
        show_lost(out, result)
    show_warnings(out, result, explain=explain)
    if not explain and following:
        line(out, "", "")
        line(out, "", f"Next: {following} (the recipe); --explain gives the reasons", "dim")


def show_answer(answer: Answer, field: str, *, pinned: bool) -> None:
    """Print what the tables say; whether the version is possible: with its facts and the stack around it, or why not.

    `pinned`: the question names a version; else it is about the component `field`, or about a card.
    """
    out = console()
    if answer.refusal is not None:
        line(out, "", f"{answer.question}: no", "bold red")
        _says(out, answer, answer.refusal.because)
        show_refusal(out, answer.refusal, "These requirements conflict", "What would allow it", explain=True)
    elif answer.stack is None:
        line(out, "", answer.question, "bold")
        _says(out, answer)
    else:
        line(out, "", f"{answer.question}: yes" if pinned else answer.question, "bold green")
        _says(out, answer)
        for choice in answer.stack.choices:
            if choice.component in COMPONENTS.get(field, (field,)):
                line(out, "", f"{TITLES[choice.component]}: {choice.value}", "cyan")
                explained(out, choice, f"request:{field}" if pinned else "", SOURCES)
        line(out, "", "")
        show_stack(out, answer.stack)


def _says(out: Console, answer: Answer, again: tuple[Reason, ...] = ()) -> None:
    for reason in [one for one in answer.says if one not in again]:
        line(out, "· ", reason_text(reason))
        show_sources(out, reason, SOURCES)


def show_stack(out: Console, stack: Stack) -> None:
    """Print the components of a stack."""
    cards = ", ".join(map(_card, stack.request.cards))
    target = cards or ("any card" if stack.choice("driver") else "the CPU")
    arch = "" if stack.request.machine_arch == "x86_64" else f" ({stack.request.machine_arch})"
    line(out, "", f"Stack for {target} on {stack.distro_name} {stack.release}{arch}", "bold")
    _table(out, list(rows(stack)))


def _card(card: Card) -> str:
    count = f"{card.count} × " if card.count > 1 else ""
    return f"{count}{card.name} ({card.compute_capability})"


def _table(out: Console, found: list[tuple[str, str]]) -> None:
    width = max((len(name) for name, _ in found), default=0) + 2
    for name, value in found:
        line(out, name.ljust(width), value)


def show_changes(out: Console, stack: Stack) -> None:
    """Print what is on the machine now, and what will be."""
    if stack.changes:
        line(out, "", "")
        line(out, "", "On this machine: now → after", "bold")
        _table(out, list(change_rows(stack.changes)))


def show_warnings(out: Console, stack: Stack, *, explain: bool) -> None:
    """Print what to know: all with `explain`, else the first few that concern ordinary use."""
    shown = [one for one in stack.warnings if explain or not one.minor][: None if explain else MOST]
    left = len(stack.warnings) - len(shown)
    if not shown:
        return
    line(out, "", "")
    line(out, "", "To know", "bold")
    for reason in shown:
        line(out, "! ", reason_text(reason), "yellow")
    if left:
        line(out, "  ", f"and {left} more that concern some uses only: --explain", "dim")
