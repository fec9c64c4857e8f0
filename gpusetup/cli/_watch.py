"""``gpusetup doctor --watch``: examines again and again, and says what changes."""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gpusetup.cli._diagnosis import MachineSource, Policy
    from gpusetup.doctor.finding import Report


def watch(source: MachineSource, policy: Policy, form: str, seconds: float, *, redact: bool) -> int:
    """Print a report, then its changes as they come, until Ctrl-C; return the exit code of the last examination.

    The driver is asked once for each examination, in a process that ends before the pause of `seconds` begins: a
    driver that answers slowly is never asked twice at a time.
    """
    if form not in {"text", "json"}:
        raise click.UsageError("--watch prints text, or with --json one line of JSON for each examination")
    if source.machine_file == "-":
        raise click.UsageError("--watch reads the machine again and again, which policy input cannot give twice")
    last: Report | None = None
    code = 0
    try:
        while True:
            report, code = _examine(source, policy, redact=redact)
            (_print_line if form == "json" else _print_text)(last, report)
            last = report
            gc.collect()  # short commands end before the collector ever looks; this one goes on
            time.sleep(seconds)
    except KeyboardInterrupt:
        return code


def _examine(source: MachineSource, policy: Policy, *, redact: bool) -> tuple[Report, int]:
    from gpusetup.cli._redaction import without_names

    report, code = policy.judge(source.read(meanwhile=policy.rules))
    return (without_names(report) if redact else report), code


def _print_line(last: Report | None, report: Report) -> None:
    """Print one line of JSON: an `Examination`, the first with everything that is wrong as new."""
    from gpusetup.doctor.comparison import Examination, changes
    from gpusetup.doctor.verdict import headline
    from gpusetup.value import to_json

    seen = Examination(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        verdict=headline(report.findings),
        changes=changes(last.findings if last else (), report.findings),
    )
    click.echo(to_json(seen, indent=-1), nl=False)


def _print_text(last: Report | None, report: Report) -> None:
    """Print the whole report at first, then only what changed; nothing when nothing did."""
    from gpusetup.doctor.comparison import changes
    from gpusetup.report import doctor as text

    if last is None:
        text.show(report)
    elif found := changes(last.findings, report.findings):
        text.show_changes(datetime.now().strftime("%H:%M:%S"), found, report)
