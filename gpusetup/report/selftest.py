"""The proof as text: the verdict, one line per check and framework, what failed and where, what was not proven."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from gpusetup.report.console import console, show_table
from gpusetup.report.selftest_table import legend, table
from gpusetup.selftest.model import REFERENCE
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console
    from rich.table import Table

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.model import Verdict
    from gpusetup.selftest.proof import Proof

STYLES = {"passed": "green", "failed": "bold red", "unproven": "yellow"}
_WIDE = 100
_LINES = 8  # of what a run printed before it died; --json has more


def show(proof: Proof) -> None:
    """Print `proof` on stdout."""
    out = console()
    state = "failed" if proof.failed else "passed" if proof.proven else "unproven"
    _wrapped(out, headline(proof), style=STYLES[state], indent="")
    out.print()
    show_table(table(proof, wide=out.width >= _WIDE))
    if meaning := legend(proof):
        out.print()
        _wrapped(out, meaning, style="dim", indent="")
    for verdict in proof.verdicts:
        if verdict.state == "failed":
            _show_failure(out, verdict)
    if proof.profile == "full":
        _show_observations(out, proof)
    out.print()
    _wrapped(out, f"Promised: {sameness(proof)}", indent="")
    for gap in [*_open(proof), *proof.unproven]:
        _wrapped(out, f"Not proven: {neutral(gap)}", style="yellow", indent="")


def show_checks(checks: Iterable[Check]) -> None:
    """Print what there is to run."""
    out = console()
    for check in checks:
        out.print(f"{neutral(check.name)}: {neutral(check.title)}", style="bold")
        lines = [*check.proves, f"written for {', '.join(check.frameworks)}, held against a NumPy float64 reference"]
        lines += [f"also in {precision}: {', '.join(there)}" for precision, there in check.precisions.items()]
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
    if not proof.proven:
        return f"NOT PROVEN: no framework can run what was asked for {took}"
    devices = " and ".join(dict.fromkeys(run.job.device for run in proof.runs if run.job.framework in proof.proven))
    twice = ", and the same ones in every process" if _states(proof, "determinism") == {"passed"} else ""
    return f"PROVEN: {neutral(_listed(list(proof.proven)))} computed the right numbers on {devices}{twice} {took}"


def sameness(proof: Proof) -> str:
    """Return the level of sameness the verdicts carry: L2 bit for bit, or L3 within tolerance, or none."""
    if proof.failed:
        return "nothing, until the failures above are explained"
    if not proof.proven:
        return "nothing"
    exact = sorted({one.check for one in proof.verdicts if one.kind == "published"})
    everywhere = f"; L0 for {', '.join(exact)}, the same bits on any hardware in any framework" if exact else ""
    if _states(proof, "determinism") == {"passed"}:
        return f"L2, the same bits in any process with this build, device, thread count and libraries{everywhere}"
    return f"L3, the same within the stated tolerance{everywhere}"


def explain(verdict: Verdict) -> Iterator[str]:
    """Yield what is known about a failure: where it is, how large, what usually causes it, what was printed last."""
    if found := verdict.divergence:
        place = f"{found.tensor}{list(found.index) or ''}, step {found.step}"
        size = "not a matter of ulps"
        if found.ulps is not None:
            size = f"{found.ulps:,.1f} ulps, {found.limit:g} are allowed"
        yield f"{place}: {found.got} instead of {found.expected} ({size})"
        if found.cause:
            yield f"Usually: {found.cause}"
    if len(verdict.evidence) > 1 or (verdict.evidence and verdict.evidence[0] not in verdict.summary):
        yield from (f"| {line}" for line in verdict.evidence[-_LINES:])


def subject(verdict: Verdict) -> str:
    """Return ``gru · pytorch · cpu``, with the precision where it is not float32."""
    usual = verdict.precision == "float32" or verdict.framework == REFERENCE
    parts = [verdict.check, verdict.framework, verdict.device, *([] if usual else [verdict.precision])]
    return " · ".join(parts)


def _open(proof: Proof) -> Iterator[str]:
    """Yield once each reason for which verdicts are unproven."""
    reasons: dict[str, list[str]] = {}
    for verdict in proof.verdicts:
        if verdict.state == "unproven" and verdict.kind != "determinism":  # of which `Proof.unproven` speaks
            reason = verdict.summary.removesuffix(f", seed {verdict.seed}")
            reasons.setdefault(f"{verdict.kind}: {reason}", []).append(f"{verdict.check} in {verdict.framework}")
    for reason, where in reasons.items():
        yield f"{reason} ({'; '.join(dict.fromkeys(where))})"


def _states(proof: Proof, kind: str) -> set[str]:
    return {one.state for one in proof.verdicts if one.kind == kind}


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _show_failure(out: Console, verdict: Verdict) -> None:
    out.print()
    title = f"{verdict.kind.upper()} {subject(verdict)}: {verdict.summary}"
    _wrapped(out, neutral(title), style="red", indent="")
    for line in explain(verdict):
        _wrapped(out, neutral(line))


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
    for found_table in tables.values():
        out.print()
        show_table(found_table)


def _wrapped(out: Console, line: str, *, style: str = "", indent: str = "  ") -> None:
    """Print `line` indented, without the blanks that rich would fill it up with."""
    text = textwrap.fill(line, out.width, initial_indent=indent, subsequent_indent="  " + indent if indent else "")
    out.print(text, soft_wrap=True, style=style)
