"""``gpusetup doctor --watch``: examines the machine repeatedly, and reports what changes."""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from gpusetup.cli._reading import HERE

if TYPE_CHECKING:
    from gpusetup.cli._diagnosis import MachineSource, Policy
    from gpusetup.doctor.finding import Report
    from gpusetup.machine.nvml.events import XidEvent, XidListener


def watch(source: MachineSource, policy: Policy, form: str, seconds: float, *, redact: bool) -> int:
    """Print a report, then its changes as they come, until Ctrl-C; return the exit code of the last examination.

    The driver is asked once for each examination, in a process that ends before the pause of `seconds` begins: a
    driver that answers slowly is never asked twice at a time. Meanwhile NVML reports each Xid, which ends the pause.
    """
    if form not in {"text", "json"}:
        raise click.UsageError("--watch prints text, or with --json one line of JSON for each examination")
    if source.machine_file == "-":
        raise click.UsageError("--watch reads the machine repeatedly, and standard input can be read only once")
    last: Report | None = None
    code = 0
    listener = _listener(source)
    xids: tuple[XidEvent, ...] = ()
    try:
        while True:
            report, code = _examine(source, policy, xids, redact=redact)
            (_print_line if form == "json" else _print_text)(last, report)
            last = report
            gc.collect()  # short commands end before the collector ever looks; this one goes on
            if listener:
                xids += listener.wait(seconds)  # an Xid ends the pause
            else:
                time.sleep(seconds)
    except KeyboardInterrupt:
        return code
    finally:
        if listener:
            listener.end()


def _listener(source: MachineSource) -> XidListener | None:
    """Return a listener for Xids on this machine, None for a saved one or a folder, which have no driver to ask."""
    if source.machine_file is not None or source.sysroot != HERE:
        return None
    from gpusetup.machine.nvml.events import XidListener

    return XidListener()


def _examine(source: MachineSource, policy: Policy, xids: tuple[XidEvent, ...], *, redact: bool) -> tuple[Report, int]:
    from gpusetup.cli._redaction import without_names

    machine = source.read(meanwhile=policy.prepare)
    driver = msgspec.structs.replace(machine.driver, xids=xids)
    report, code = policy.judge(msgspec.structs.replace(machine, driver=driver))
    return (without_names(report) if redact else report), code


def _print_line(last: Report | None, report: Report) -> None:
    """Print one line of JSON: an `Examination`, the first with everything that is wrong as new."""
    from gpusetup.doctor.outcome.comparison import Examination, changes
    from gpusetup.doctor.outcome.verdict import headline
    from gpusetup.value import to_json

    seen = Examination(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        verdict=headline(report.findings),
        changes=changes(last.findings if last else (), report.findings),
    )
    click.echo(to_json(seen, indent=-1), nl=False)


def _print_text(last: Report | None, report: Report) -> None:
    """Print the whole report at first, then only what changed; nothing when nothing did."""
    from gpusetup.doctor.outcome.comparison import changes
    from gpusetup.report import doctor as text

    if last is None:
        text.show(report)
    elif found := changes(last.findings, report.findings):
        text.show_changes(datetime.now().strftime("%H:%M:%S"), found, report)
