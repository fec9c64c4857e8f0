"""The proof as text: the verdict, one line per check and framework, what failed and where, what was not proven."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gpusetup.report.console import console, neutral, show_table
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Verdict
    from gpusetup.selftest.proof import Kept, Proof

COLUMNS = {
    "parity": "float64",
    "agreement": "others",
    "published": "exact",
    "invariant": "invariants",
    "determinism": "same bits",
    "baseline": "baseline",
}
STYLES = {"passed": "green", "failed": "bold red", "unproven": "yellow"}
_LINES = 8  # of what a run printed before it died; --json has more
_WORDS = {"passed": "ok", "failed": "FAILED", "unproven": "unproven"}


def show(proof: Proof) -> None:
    """Print `proof` on stdout."""
    out = console()
    out.print(headline(proof), style=STYLES["failed" if proof.failed else "passed"])
    out.print()
    show_table(_table(proof))
    for verdict in proof.verdicts:
        if verdict.state == "failed":
            _show_failure(out, verdict)
    if proof.profile == "full":
        _show_observations(out, proof)
    out.print()
    out.print(f"Promised: {sameness(proof)}")
    for gap in proof.unproven:
        out.print(f"Not proven: {neutral(gap)}", style="yellow")


def show_checks(checks: Iterable[Check]) -> None:
    """Print what there is to run."""
    out = console()
    for check in checks:
        out.print(f"{neutral(check.name)}: {neutral(check.title)}", style="bold")
        lines = [*check.proves, f"written for {', '.join(check.frameworks)}, held against a NumPy float64 reference"]
        if check.data:
            lines.append(f"takes data of your own: --data DIR with {check.data} in it")
        for line in lines:
            _wrapped(out, f"- {neutral(line)}")


def headline(proof: Proof) -> str:
    """Return the one sentence that says how it went."""
    failed = [verdict for verdict in proof.verdicts if verdict.state == "failed"]
    took = f"({proof.profile}, {len(proof.runs)} runs, {proof.seconds:.0f} s)"
    if failed:
        where = sorted({f"{verdict.check} in {verdict.framework} on {verdict.device}" for verdict in failed})
        return f"FAILED: {len(failed)} of {len(proof.verdicts)} verdicts, {neutral('; '.join(where))} {took}"
    frameworks = sorted({run.job.framework for run in proof.runs} - {REFERENCE})
    twice = ", and the same ones in every process" if _states(proof, "determinism") == {"passed"} else ""
    return f"PROVEN: {neutral(' and '.join(frameworks))} computed the right numbers{twice} {took}"


def sameness(proof: Proof) -> str:
    """Return the level of sameness the verdicts carry: L2 bit for bit, or L3 within tolerance, or none."""
    if proof.failed:
        return "nothing, until the failures above are explained"
    exact = sorted({one.check for one in proof.verdicts if one.kind == "published"})
    everywhere = f"; L0 for {', '.join(exact)}, the same bits on any hardware in any framework" if exact else ""
    if _states(proof, "determinism") == {"passed"}:
        return f"L2, the same bits in any process with this build, device, thread count and libraries{everywhere}"
    return f"L3, the same within the stated tolerance{everywhere}"


def _states(proof: Proof, kind: str) -> set[str]:
    return {one.state for one in proof.verdicts if one.kind == kind}


def _table(proof: Proof) -> Table:
    from rich.table import Table  # noqa: PLC0415 - the console has loaded it

    kinds = [kind for kind in COLUMNS if any(verdict.kind == kind for verdict in proof.verdicts)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("check", "framework", "device", *(COLUMNS[kind] for kind in kinds)):
        table.add_column(title)
    for title in ("speed", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for run in proof.runs:
        if run.job.round == 1:
            cells = [_cell(proof, run, kind) for kind in kinds]
            table.add_row(run.job.check, run.job.framework, run.job.device, *cells, _speed(run), f"{run.seconds:.1f}")
    return table


def _cell(proof: Proof, run: Kept, kind: str) -> str:
    job = run.job
    states = {
        verdict.state
        for verdict in proof.verdicts
        if (verdict.kind, verdict.check, verdict.framework, verdict.device)
        == (kind, job.check, job.framework, job.device)
    }
    worst = next((state for state in ("failed", "unproven", "passed") if state in states), "")
    return _WORDS.get(worst, "")


def _speed(run: Kept) -> str:
    if run.result is None:
        return run.outcome
    rates = [(name, rate) for name, rate in run.result.measures.items() if name.endswith("per second")]
    return ", ".join(f"{rate:,.0f} {name.removesuffix(' per second')}/s" for name, rate in rates)


def _show_failure(out: Console, verdict: Verdict) -> None:
    subject = f"{verdict.check} · {verdict.framework} · {verdict.device}"
    out.print()
    out.print(f"{verdict.kind.upper()} {neutral(subject)}: {neutral(verdict.summary)}", style="red")
    if found := verdict.divergence:
        place = f"{found.tensor}{list(found.index) or ''}, step {found.step}"
        size = f"{found.ulps:,.1f} ulps, {found.limit:g} are allowed" if found.ulps is not None else "beyond any number"
        _wrapped(out, f"{neutral(place)}: {neutral(found.got)} instead of {neutral(found.expected)} ({size})")
        if found.cause:
            _wrapped(out, f"Usually: {neutral(found.cause)}")
    for line in verdict.evidence[-_LINES:]:
        _wrapped(out, f"| {neutral(line)}")


def _show_observations(out: Console, proof: Proof) -> None:
    """Print every table of observations: a line for each row in each framework and device."""
    from rich.table import Table  # noqa: PLC0415 - the console has loaded it

    tables: dict[tuple[str, str], Table] = {}
    for run in proof.runs:
        for found in run.result.observations if run.result and run.job.round == 1 else ():
            name = run.job.check, found.table
            if name not in tables:
                tables[name] = Table(title=neutral(" · ".join(name)), title_justify="left", box=None, pad_edge=False)
                for column in ("framework", "device", "", "found"):
                    tables[name].add_column(column)
            tables[name].add_row(run.job.framework, run.job.device, neutral(found.row), neutral(found.text))
    for table in tables.values():
        out.print()
        show_table(table)


def _wrapped(out: Console, line: str) -> None:
    """Print `line` indented by two, without the blanks that rich would fill it up with."""
    out.print(textwrap.fill(line, out.width, initial_indent="  ", subsequent_indent="    "), soft_wrap=True)
