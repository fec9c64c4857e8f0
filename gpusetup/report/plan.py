"""A stack as text: a short table, why each value was chosen, and what the owner must know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.report.console import console, neutral
from gpusetup.resolve.model import Refusal, Stack

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.resolve.model import Choice, Environment, Reason, Rejected, WayOut

TITLES = {
    "release": "distribution",
    "driver": "driver",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "environments": "environments",
    "cudnn": "cuDNN for TensorFlow",
    "python torch": "Python for PyTorch",
    "python tensorflow": "Python for TensorFlow",
    "toolkit": "CUDA toolkit (nvcc)",
    "compiler": "host compiler",
    "toolkit_cudnn": "cuDNN for nvcc",
}


def show(result: Stack | Refusal, *, explain: bool) -> None:
    """Print a stack, or why there is none."""
    out = console()
    if isinstance(result, Refusal):
        show_refusal(out, result)
        return
    show_stack(out, result)
    show_choices(out, result, explain=explain)
    show_warnings(out, result)
    if not explain:
        out.print("\n--explain shows the sources and what else was possible; `gpusetup install` prints the recipe.",
                  style="dim")  # fmt: skip


def show_stack(out: Console, stack: Stack) -> None:
    """Print the table of what will be there."""
    from rich.table import Table  # noqa: PLC0415

    cards = ", ".join(f"{neutral(card.name)} ({card.compute_capability})" for card in stack.request.cards)
    target = cards or ("any card" if stack.driver else "the CPU")
    out.print(f"Stack for {target} on {stack.distro_name} {stack.release}", style="bold")
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(stack):
        table.add_row(name, neutral(value))
    out.print(table)


def _rows(stack: Stack) -> Iterator[tuple[str, str]]:
    if stack.driver:
        owner = "RPM Fusion" if stack.driver.repo == "rpmfusion" else "NVIDIA"
        yield "driver", f"{stack.driver.version}, {stack.driver.flavour} modules, from {owner}"
        yield "", " ".join(stack.driver.packages)
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
    elif kit.via == "repo":
        compiler = f", with {kit.host_compiler} as its host compiler" if kit.host_compiler else ""
        yield "nvcc", f"CUDA {kit.series}{compiler}: {' '.join((*kit.packages, *kit.host_compiler_packages))}"
    if kit.cudnn:
        yield "", f"cuDNN {kit.cudnn} to compile with"
    if stack.repositories:
        yield "repositories", ", ".join(one.id for one in stack.repositories)


def _libraries(environment: Environment) -> str:
    python = f"Python {environment.python}" + ("" if environment.python_packages else " (the system's)")
    libraries = f", CUDA {environment.cuda}, cuDNN {environment.cudnn}" if environment.cuda else ", CPU"
    return f"{' and '.join(environment.frameworks)} on {python}{libraries}"


def show_choices(out: Console, stack: Stack, *, explain: bool) -> None:
    """Print why each value was chosen; with `explain` also the sources, and what lost."""
    out.print("\nWhy", style="bold")
    for choice in stack.choices:
        out.print(f"{TITLES[choice.component]}: {neutral(choice.value)}", style="cyan")
        for reason in choice.reasons:
            _indented(out, 2, _reason(reason))
            if explain:
                _sources(out, reason)
        for rejected in choice.rejected if explain else _forced(choice):
            _indented(out, 2, _rejected(rejected), "dim" if rejected.possible else "yellow")
            if explain:
                for reason in rejected.because:
                    _sources(out, reason)


def _forced(choice: Choice) -> Iterator[Rejected]:
    """Yield what a reader asks about first: better values that were ruled out, while each adds a fact."""
    told: set[str] = set()
    for one in choice.rejected:
        facts = {reason.fact for reason in one.because}
        if one.better and not one.possible and not facts <= told:
            told |= facts
            yield one


def _reason(reason: Reason) -> str:
    return f"· {neutral(reason.text)} [{reason.fact}]"


def _rejected(rejected: Rejected) -> str:
    others = f" (and {rejected.others} more)" if rejected.others else ""
    because = "; ".join(f"{neutral(one.text)} [{one.fact}]" for one in rejected.because)
    if rejected.possible:
        return f"○ also possible: {neutral(rejected.value)}{others}: {because}"
    return f"✗ not {neutral(rejected.value)}{others}: {because}"


def _sources(out: Console, reason: Reason) -> None:
    for source in reason.sources:
        _indented(out, 6, f"read in {neutral(source)}", "dim")


def _indented(out: Console, columns: int, text: str, style: str = "") -> None:
    from rich.padding import Padding  # noqa: PLC0415

    out.print(Padding(text, (0, 0, 0, columns), expand=False), style=style)


def show_warnings(out: Console, stack: Stack) -> None:
    """Print what the owner must know."""
    if stack.warnings:
        out.print("\nTo know", style="bold")
    for reason in stack.warnings:
        out.print(f"! {neutral(reason.text)} [{reason.fact}]", style="yellow")


def show_refusal(out: Console, refusal: Refusal) -> None:
    """Print why there is no stack, and what would allow one."""
    out.print("No stack fits: these cannot all hold", style="bold red")
    for reason in refusal.because:
        out.print(_reason(reason))
        _sources(out, reason)
    out.print("\nWhat would allow one" if refusal.ways_out else "\nNo change of one or two of them allows one",
              style="bold")  # fmt: skip
    for way in refusal.ways_out:
        out.print(f"→ {_way(way)}")


def _way(way: WayOut) -> str:
    import shlex  # noqa: PLC0415

    return f"{neutral(way.text)}: {neutral(shlex.join(way.options))}"
