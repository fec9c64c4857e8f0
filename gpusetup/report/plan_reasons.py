"""Why a stack is as it is: in short, with every fact and its sources, or why there is none."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gpusetup.report.lines import line
from gpusetup.resolve.components import TITLES

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.resolve.model import Choice, Reason, Refusal, Rejected, Relaxation, Stack

DECIDING = ("driver", "torch", "tensorflow", "jax", "toolkit")
"""Choices whose lost values are shown in short; the others follow from them."""


def show_lost(out: Console, stack: Stack) -> None:
    """Print for each component the best value that was ruled out, with the first fact against it."""
    lost = [
        (choice, one)
        for choice in stack.choices
        if choice.component.rpartition("/")[2] in DECIDING and (one := _best_lost(choice))
    ]
    if not lost:
        return
    line(out, "", "")
    line(out, "", "Not the newest, because", "bold")
    for choice, one in lost:
        line(
            out,
            "✗ ",
            f"{TITLES[choice.component]} {_version(one.value)}: {reason_text(one.because[0])}",
            "yellow",
        )


def _version(value: str) -> str:
    return value.removeprefix("CUDA ").partition(" ")[0]


def _best_lost(choice: Choice) -> Rejected | None:
    return next((one for one in choice.rejected if one.better and not one.possible and one.because), None)


def show_choices(out: Console, stack: Stack) -> None:
    """Print why each value was chosen: one fact per line with its sources, and every rejected value."""
    line(out, "", "")
    line(out, "", "Why", "bold")
    for choice in stack.choices:
        line(out, "", f"{TITLES[choice.component]}: {choice.value}", "cyan")
        explained(out, choice)


def explained(out: Console, choice: Choice, asked: str = "", sources: int | None = None) -> None:
    """Print every fact with its `sources`, and every rejected value except those rejected only by the question."""
    for reason in choice.reasons:
        line(out, "  · ", reason_text(reason))
        show_sources(out, reason, sources)
    for rejected in choice.rejected:
        if asked and asked in {reason.fact for reason in rejected.because}:
            continue
        mark, style = ("○", "dim") if rejected.possible else ("✗", "yellow")
        line(out, f"  {mark} ", _rejected(rejected), style)
        for reason in rejected.because:
            show_sources(out, reason, sources)


def reason_text(reason: Reason) -> str:
    """Return a reason with the id of its fact."""
    return f"{reason.text} [{reason.fact}]"


def _rejected(rejected: Rejected) -> str:
    others = f" (and {rejected.others} more)" if rejected.others else ""
    because = "; ".join(map(reason_text, rejected.because))
    return f"{'also possible:' if rejected.possible else 'not'} {rejected.value}{others}: {because}"


def show_refusal(out: Console, refusal: Refusal, why: str, remedy: str, *, explain: bool) -> None:
    """Print why no stack is possible, under the heading `why`, and what would allow one, under `remedy`."""
    line(out, "", why, "bold")
    for reason in refusal.because:
        line(out, "· ", reason_text(reason))
        if explain:
            show_sources(out, reason)
    line(out, "", "")
    heading = remedy if refusal.ways_out else "No change of one or two options would allow one"
    line(out, "", heading, "bold")
    for way in refusal.ways_out:
        line(out, "→ ", _relaxation(way))


def _relaxation(way: Relaxation) -> str:
    return f"{way.text}: {shlex.join(way.options)}" if way.options else way.text


def show_sources(out: Console, reason: Reason, most: int | None = None) -> None:
    """Print where a fact was read; at most so many places."""
    shown = reason.sources[:most]
    more = f" and {len(reason.sources) - len(shown)} more" if len(reason.sources) > len(shown) else ""
    if shown:
        line(out, "      ", f"source: {', '.join(shown)}{more}", "dim")
