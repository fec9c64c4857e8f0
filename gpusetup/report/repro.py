"""Whether a command reproduces, and why not, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line
from gpusetup.repro.axes import axes
from gpusetup.repro.model import AS_IT_IS, STDOUT
from gpusetup.repro.search import TRACED, differing_axes

if TYPE_CHECKING:
    from rich.console import Console

    from gpusetup.repro.model import Difference, Effect, Operation, Repro

INDENT = "  "
NEAR = 1 << 16
"""Distance in ulps up to which one is shown; beyond it, two numbers are not roundings of the same."""


def show(found: Repro) -> None:
    """Print the verdict, its cause with what to do, and what could not be told."""
    out = console()
    _headline(out, found)
    for axis, effect in differing_axes(found):
        line(out, "→ ", f"it depends on {axis.cause}", "bold")
        if effect.difference is not None and found.reproduces:
            line(out, INDENT, f"varied: {place(effect.difference)}")
        for remedy in axis.remedy:
            line(out, INDENT, remedy)
    if found.operation is not None:
        _operation(out, found.operation)
    _held(out, found.effects)
    for note in found.notes:
        line(out, "! ", note, "yellow")


def headline(found: Repro) -> str:
    """Return the verdict in one line, with how much was compared."""
    if not found.reproduces:
        return "DOES NOT REPRODUCE: two runs as it is differ"
    runs = sum(trial.name == AS_IT_IS for trial in found.trials)
    compared = f"{_count(found.files, 'file')} and {_count(found.items, 'value')} compared"
    if found.masked:
        compared += f", of which {found.masked} hold times that were left out"
    seconds = sum(trial.seconds for trial in found.trials)
    where = " on this host" if found.causes() else ""
    return f"REPRODUCES{where}: {runs} runs gave the same ({compared}; {seconds:.0f} s)"


def _headline(out: Console, found: Repro) -> None:
    line(out, "", headline(found), "bold green" if found.reproduces else "bold red")
    if found.reproduces:
        return
    if found.difference is not None:
        line(out, INDENT, place(found.difference))
    if found.fixed:
        named = any(True for _ in differing_axes(found))
        how = (
            "it does reproduce" if named else "it does reproduce, though no axis alone changes it: several together do"
        )
        line(out, INDENT, f"with seeds, clock, hash order, memory and kernels fixed from outside {how}")
    elif found.fixed is False:
        _left_over(out, found)


def _left_over(out: Console, found: Repro) -> None:
    line(out, INDENT, "it differs too with seeds, clock, hash order, memory and kernels fixed from outside")
    if found.alone:
        line(out, INDENT, "on one processor it reproduces")
    base = found.trials[0]
    if base.elsewhere:
        line(out, "→ ", f"a run may find what an earlier one left: it writes {', '.join(base.elsewhere)}", "bold")
        line(out, INDENT, "remove it, or name another place for it, and run this again")
    if base.threads or base.processes > 1:
        what = "threads" if base.threads else f"{base.processes} processes"
        line(out, "→ ", f"it starts {what}: results may be taken in the order of their arrival", "bold")
        line(out, INDENT, "collect them by number instead (map instead of as_completed)")
    if base.connected:
        line(out, "→ ", f"it connects to {', '.join(base.connected)}: what it is sent may be other each time", "bold")
        line(out, INDENT, "save what it fetches, name its version or digest, and run this again")
    if base.changing:
        line(out, "→ ", f"it reads {', '.join(base.changing)}, which says something else each time", "bold")
    if found.unheld:
        titles = " or ".join(axes()[name].title for name in found.unheld)
        line(out, "→ ", f"it may depend on {titles}, which could not be held here", "bold")
        line(out, INDENT, "run it where setarch and unshare are allowed: docker run --security-opt seccomp=unconfined")
    seen = base.elsewhere or base.threads or base.processes > 1 or base.connected or base.changing
    if not (seen or found.unheld):
        line(out, "→ ", "the cause is none of the axes: another machine, or a library's own generator or clock", "bold")
    if TRACED & set(base.packages) and found.operation is None:
        line(out, INDENT, "--bisect names the first operation that differs")


def first_operation(operation: Operation) -> str:
    """Return which operation is the first that differs, and whether it or its input does."""
    what = "gives other bits for the same input" if operation.inputs_same else "gets other input"
    if operation.inputs_same and not operation.shapes:
        what = "makes other numbers"
    return f"first operation that differs, number {operation.number}: {operation.name} {what}"


def _operation(out: Console, operation: Operation) -> None:
    line(out, "→ ", first_operation(operation), "bold")
    if operation.shapes:
        line(out, INDENT, f"of {', '.join(operation.shapes)}")
    for caller in operation.callers:
        line(out, INDENT, f"at {caller}")


def _held(out: Console, effects: tuple[Effect, ...]) -> None:
    """Print which axes have no effect, and which could not be varied with the reason."""
    without = [axes()[effect.axis].title for effect in effects if effect.state == "none" and not effect.why]
    if without:
        line(out, "✓ ", f"no effect: {', '.join(without)}", "green")
    for effect in effects:
        if effect.state == "unknown":
            line(out, "? ", f"{axes()[effect.axis].title}: {effect.why}", "yellow")


def place(difference: Difference) -> str:
    """Return where two runs differ and how: ``model.pt: fc.weight[3, 0]: 0.25 and 0.2500001 (1 ulp)``."""
    where = difference.output if difference.output != STDOUT else "what it prints"
    if difference.item:
        where += f": {difference.item}"
    if difference.index:
        where += f"[{', '.join(map(str, difference.index))}]"
    near = difference.ulps is not None and difference.ulps <= NEAR
    far = f" ({_count(difference.ulps or 0, 'ulp')} apart)" if near else ""
    return f"{where}: {difference.first} and {difference.second}{far}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
