"""A stack as text: its components, why each was chosen, and warnings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import OWNERS, Refusal, Stack
from gpusetup.text import neutral

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.resolve.model import Answer, Choice, Environment, Reason, Rejected, Relaxation

COMPONENTS = {
    "cuda": ("toolkit", "compiler"),
    "cudnn": ("torch", "cudnn", "toolkit_cudnn"),
    "python": ("python torch", "python tensorflow"),
}
"""Field of a question → the choices that answer it, where they are not named like the field."""
DETAILS = ("release", "compiler", "toolkit_cudnn", "cudnn")
"""Choices that follow from others: shown with --explain only."""

SECOND = "python tensorflow"
"""Not shown for a single environment, where it equals the Python for PyTorch."""
FORCED = 2
"""How many of the better values that were ruled out are shown without --explain."""


def show(result: Stack | Refusal, *, explain: bool) -> None:
    """Print a stack, or why none is possible."""
    out = console()
    if isinstance(result, Refusal):
        show_refusal(out, result, "No stack is possible: these requirements conflict", "What would allow one")
        return
    show_stack(out, result)
    show_choices(out, result, explain=explain)
    show_warnings(out, result)
    if not explain:
        _line(out, "", "")
        _line(
            out,
            "",
            "--explain adds sources and alternatives; `gpusetup install` prints the recipe.",
            "dim",
        )


def show_answer(answer: Answer, field: str) -> None:
    """Print whether the version is possible: with its facts and the stack around it, or why not."""
    out = console()
    if answer.refusal is not None:
        _line(out, "", f"{answer.question}: no", "bold red")
        show_refusal(out, answer.refusal, "These requirements conflict", "What would allow it")
    if answer.stack is not None:
        _line(out, "", f"{answer.question}: yes", "bold green")
        for choice in answer.stack.choices:
            if choice.component in COMPONENTS.get(field, (field,)):
                _line(out, "", f"{TITLES[choice.component]}: {choice.value}", "cyan")
                _explained(out, choice, f"request:{field}")
        _line(out, "", "")
        show_stack(out, answer.stack)


def show_stack(out: Console, stack: Stack) -> None:
    """Print the components of a stack."""
    cards = ", ".join(f"{card.name} ({card.compute_capability})" for card in stack.request.cards)
    on_gpu = any(choice.component == "driver" for choice in stack.choices)
    target = cards or ("any card" if on_gpu else "the CPU")
    _line(out, "", f"Stack for {target} on {stack.distro_name} {stack.release}", "bold")
    rows = list(_rows(stack))
    width = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        _line(out, name.ljust(width), value)


def _rows(stack: Stack) -> Iterator[tuple[str, str]]:
    if stack.driver:
        owner = OWNERS[stack.driver.repo]
        yield "driver", f"{stack.driver.version}, {stack.driver.flavour} modules, from {owner}"
        yield "", stack.driver.runfile.url if stack.driver.runfile else " ".join(stack.driver.packages)
    elif stays := next((one.value for one in stack.choices if one.component == "driver"), ""):
        yield "driver", stays
    for environment in stack.environments:
        yield f"env {environment.name}", _libraries(environment)
        yield "", " ".join(one.text for one in environment.requirements)
        for index in sorted({one.index for one in environment.requirements} - {""}):
            yield "", f"from {index}"
    kit = stack.toolkit
    if kit.via == "container":
        yield "nvcc", f"CUDA {kit.series}, in the container {kit.image}"
    elif kit.via == "runfile":
        yield "nvcc", f"CUDA {kit.series}, from NVIDIA's installer"
    elif kit.via == "repo":
        compiler = f", with {kit.host_compiler} as host compiler" if kit.host_compiler else ""
        yield "nvcc", f"CUDA {kit.series}{compiler}: {' '.join((*kit.packages, *kit.host_compiler_packages))}"
    if kit.cudnn:
        yield "", f"cuDNN {kit.cudnn} for compiling"
    if stack.repositories:
        yield "repositories", ", ".join(one.id for one in stack.repositories)


def _libraries(environment: Environment) -> str:
    python = f"Python {environment.python}" + ("" if environment.python_packages else " (the system's)")
    libraries = f", CUDA {environment.cuda}, cuDNN {environment.cudnn}" if environment.cuda else ", CPU"
    return f"{' and '.join(environment.frameworks)} on {python}{libraries}"


def show_choices(out: Console, stack: Stack, *, explain: bool) -> None:
    """Print why each value was chosen; with `explain` one fact per line with sources, and every rejected value."""
    _line(out, "", "")
    _line(out, "", "Why", "bold")
    for choice in stack.choices:
        if explain:
            _line(out, "", f"{TITLES[choice.component]}: {choice.value}", "cyan")
            _explained(out, choice)
        elif choice.component not in DETAILS and not (len(stack.environments) == 1 and choice.component == SECOND):
            _line(out, "", f"{TITLES[choice.component]}: {choice.value}", "cyan")
            _in_short(out, choice)


def _in_short(out: Console, choice: Choice) -> None:
    if choice.reasons:
        _line(out, "  · ", "; ".join(map(_reason, choice.reasons)))
    for rejected in _forced(choice):
        _line(out, "  ✗ ", _rejected(rejected), "yellow")


def _explained(out: Console, choice: Choice, asked: str = "") -> None:
    """Print every fact with its sources, and every rejected value except those rejected only by the question itself."""
    for reason in choice.reasons:
        _line(out, "  · ", _reason(reason))
        _sources(out, reason)
    for rejected in choice.rejected:
        if asked and asked in {reason.fact for reason in rejected.because}:
            continue
        mark, style = ("○", "dim") if rejected.possible else ("✗", "yellow")
        _line(out, f"  {mark} ", _rejected(rejected), style)
        for reason in rejected.because:
            _sources(out, reason)


def _forced(choice: Choice) -> list[Rejected]:
    """Return the better values that were ruled out, each only if it adds a fact that was not yet named."""
    named: set[str] = set()
    found: list[Rejected] = []
    for one in choice.rejected:
        facts = {reason.fact for reason in one.because}
        if one.better and not one.possible and not facts <= named:
            named |= facts
            found.append(one)
    return found[:FORCED]


def _reason(reason: Reason) -> str:
    return f"{reason.text} [{reason.fact}]"


def _rejected(rejected: Rejected) -> str:
    others = f" (and {rejected.others} more)" if rejected.others else ""
    because = "; ".join(map(_reason, rejected.because))
    return f"{'also possible:' if rejected.possible else 'not'} {rejected.value}{others}: {because}"


def show_warnings(out: Console, stack: Stack) -> None:
    """Print the warnings."""
    if stack.warnings:
        _line(out, "", "")
        _line(out, "", "Warnings", "bold")
    for reason in stack.warnings:
        _line(out, "! ", _reason(reason), "yellow")


def show_refusal(out: Console, refusal: Refusal, why: str, remedy: str) -> None:
    """Print why no stack is possible, under the heading `why`, and what would allow one, under `remedy`."""
    _line(out, "", why, "bold")
    for reason in refusal.because:
        _line(out, "· ", _reason(reason))
        _sources(out, reason)
    _line(out, "", "")
    heading = remedy if refusal.ways_out else "No change of one or two options would allow one"
    _line(out, "", heading, "bold")
    for way in refusal.ways_out:
        _line(out, "→ ", _relaxation(way))


def _relaxation(way: Relaxation) -> str:
    import shlex

    return f"{way.text}: {shlex.join(way.options)}"


def _sources(out: Console, reason: Reason) -> None:
    if reason.sources:
        _line(out, "      ", f"source: {', '.join(reason.sources)}", "dim")


def _line(out: Console, indent: str, text: str, style: str = "") -> None:
    """Print `text` wrapped to the console's width, with hanging indent and without trailing blanks."""
    folded = textwrap.fill(
        neutral(text),
        max(out.width, 40),
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    out.print(folded, style=style, soft_wrap=True)
