"""A proof as text: the conclusion, one line per check and framework, what failed and where, what is not proven."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gpusetup.report.console import console, show_table
from gpusetup.report.selftest_headline import foremost, headline, promise
from gpusetup.report.selftest_model import show_model
from gpusetup.report.selftest_table import legend, table
from gpusetup.selftest.model import REFERENCE
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console
    from rich.table import Table

    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.verdict import Verdict

STYLES = {"proven": "green", "partly proven": "yellow", "not proven": "yellow", "failed": "bold red"}
_WIDE = 100
_CODE = "    "
_LINES = 8  # of a failed run's output; --json has more


def show(proof: Proof) -> None:
    """Print `proof` on stdout: first its conclusion, and what limits it."""
    out, found = console(), proof.concluded()
    _wrapped(out, headline(proof, found), style=STYLES[found.state], indent="")
    for line in foremost(found):
        _wrapped(out, line, style="yellow")
    out.print()
    show_table(table(proof, wide=out.width >= _WIDE))
    if meaning := legend(proof):
        out.print()
        _wrapped(out, meaning, style="dim", indent="")
    show_model(out, proof)
    for verdict in proof.verdicts:
        if verdict.state == "failed":
            _show_failure(out, verdict)
    alone = len({run.job.check for run in proof.runs}) == 1  # who asks for one check wants to see what it saw
    if (proof.profile == "full" or alone) and not proof.model:  # those of a model are shown above
        _show_observations(out, proof)
    out.print()
    _wrapped(out, f"Promised: {promise(found)}", indent="")
    for gap in [*found.aside, *proof.unproven]:
        _wrapped(out, f"Not proven: {neutral(gap)}", style="yellow", indent="")


def show_checks(checks: Iterable[Check]) -> None:
    """Print the available checks."""
    out = console()
    for check in checks:
        out.print(f"{neutral(check.name)}: {neutral(check.title)}", style="bold")
        lines = [
            *check.proves,
            f"implemented in {', '.join(check.frameworks)}, compared with a NumPy float64 reference",
        ]
        lines += [f"also in {precision}: {', '.join(there)}" for precision, there in check.precisions.items()]
        if not check.in_profile("quick"):
            lines.append(f"runs with --full, or with --check {check.name}")
        if check.data:
            lines.append(f"can use your own data: --data DIR, a folder with {check.data}")
        for line in lines:
            _wrapped(out, f"- {neutral(line)}")


def explain(verdict: Verdict) -> Iterator[str]:
    """Yield what is known about a failure: its location, its size, its usual cause, and the last lines of output."""
    if found := verdict.divergence:
        place = f"{found.tensor}{list(found.index) or ''}, step {found.step}"
        size = "no distance in ulps"
        if found.ulps is not None:
            size = f"{found.ulps:,.1f} ulps, {found.limit:g} allowed"
        yield f"{place}: {found.got} instead of {found.expected} ({size})"
        if found.cause:
            yield f"Usual cause: {found.cause}"
    if len(verdict.evidence) > 1 or (verdict.evidence and verdict.evidence[0] not in verdict.summary):
        yield from (f"| {line}" for line in verdict.evidence[-_LINES:])
    if verdict.script and verdict.state == "failed":
        yield "To see it with the framework alone, and to report it upstream:"
        yield from (f"{_CODE}{line}" for line in verdict.script.splitlines())


def subject(verdict: Verdict) -> str:
    """Return ``gru · pytorch · cpu``, with the precision where it is not float32."""
    usual = verdict.precision == "float32" or verdict.framework == REFERENCE
    parts = [verdict.check, verdict.framework, verdict.device, *([] if usual else [verdict.precision])]
    return " · ".join(parts)


def _show_failure(out: Console, verdict: Verdict) -> None:
    out.print()
    title = f"{verdict.kind.upper()} {subject(verdict)}: {verdict.summary}"
    _wrapped(out, neutral(title), style="red", indent="")
    for line in explain(verdict):
        if line.startswith(_CODE):
            out.print(neutral(line), soft_wrap=True, style="", highlight=False, markup=False)
        else:
            _wrapped(out, neutral(line))


def _show_observations(out: Console, proof: Proof) -> None:
    """Print every table of observations: a line for each row in each framework and device."""
    from rich.table import Table  # the console has loaded it

    tables: dict[tuple[str, str], Table] = {}
    for run in proof.runs:
        for found in run.result.observations if run.result and run.job.round == 1 else ():
            name = run.job.check, found.table
            if name not in tables:
                tables[name] = Table(title=neutral(" · ".join(name)), title_justify="left", box=None, pad_edge=False)
                for column in ("framework", "device", "", "found"):
                    tables[name].add_column(column)
            tables[name].add_row(run.job.framework, run.job.device, neutral(found.row), neutral(found.text))
    for found_table in tables.values():
        out.print()
        show_table(found_table)


def _wrapped(out: Console, line: str, *, style: str = "", indent: str = "  ") -> None:
    """Print `line` wrapped and indented, without the trailing blanks that rich adds."""
    text = textwrap.fill(line, out.width, initial_indent=indent, subsequent_indent="  " + indent if indent else "")
    out.print(text, soft_wrap=True, style=style)
