"""``gpusetup doctor watch``: examines the machine repeatedly, and reports what changes."""

from __future__ import annotations

import gc
import select
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from gpusetup.cli import _dashboard
from gpusetup.cli._reading import HERE
from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from gpusetup.cli._diagnosis import MachineSource, Policy
    from gpusetup.doctor.finding import Report
    from gpusetup.doctor.outcome.comparison import FindingChange
    from gpusetup.machine.model import Machine
    from gpusetup.machine.nvml.events import XidEvent, XidListener


class Examined(NamedTuple):
    """One examination, what changed since the one before (at first everything that is wrong), and the exit code."""

    machine: Machine
    report: Report
    changes: tuple[FindingChange, ...]
    code: int
    first: bool


def watch(source: MachineSource, policy: Policy, form: str, seconds: float, *, redact: bool) -> int:
    """Show the machine until Ctrl-C, on a terminal as a dashboard; return the exit code of the last examination.

    The driver is asked once for each examination, in a process that ends before the pause of `seconds` begins: a
    driver that answers slowly is never asked twice at a time. Meanwhile NVML reports each Xid, which ends the pause.
    """
    if form not in {"text", "json"}:
        raise click.UsageError("--watch prints text, or with --json one line of JSON for each examination")
    if source.machine_file == "-":
        raise click.UsageError("--watch reads the machine repeatedly, and standard input can be read only once")
    examinations = partial(_examinations, source, policy, seconds, redact)
    if form == "text" and _dashboard.can_show():
        if _dashboard.is_installed():
            return _dashboard.show(examinations, seconds)
        notify("note: pip install 'gpusetup[dashboard]' shows this as a dashboard")
    return _print(examinations(None), form)


def _print(examinations: Iterator[Examined | None], form: str) -> int:
    code = 0
    show = _print_line if form == "json" else _print_text
    with closing(examinations):  # type: ignore[type-var]  # a generator
        try:
            for one in examinations:
                if one:
                    code = one.code
                    show(one)
        except KeyboardInterrupt:
            return code
    return code


def _examinations(
    source: MachineSource, policy: Policy, seconds: float, redact: bool, control: int | None
) -> Iterator[Examined | None]:
    """Yield None whenever the machine is about to be read, and then what was examined.

    A byte at `control` ends the pause between two, and its end all of it.
    """
    from gpusetup.doctor.outcome.comparison import changes

    last: Report | None = None
    listener = _listener(source)
    xids: tuple[XidEvent, ...] = ()
    try:
        while True:
            yield None
            machine, report, code = _examine(source, policy, xids, redact=redact)
            yield Examined(machine, report, changes(last.findings if last else (), report.findings), code, not last)
            last = report
            del machine, report  # nothing of an examination is kept through the pause but what is compared
            gc.collect()  # short commands end before the collector ever looks; this one goes on
            others = () if control is None else (control,)
            if listener:
                xids += listener.wait(seconds, others)  # an Xid ends the pause
            else:
                select.select(others, [], [], seconds)
            if control is not None and _ended(control):
                return
    finally:
        if listener:
            listener.end()


def _ended(control: int) -> bool:
    """Take what came at `control`, and say whether it was its end."""
    import os

    return bool(select.select([control], [], [], 0)[0]) and not os.read(control, 1 << 10)


def _listener(source: MachineSource) -> XidListener | None:
    """Return a listener for Xids on this machine, None for a saved one or a folder, which have no driver to ask."""
    if source.machine_file is not None or source.sysroot != HERE:
        return None
    from gpusetup.machine.nvml.events import XidListener

    return XidListener()


def _examine(
    source: MachineSource, policy: Policy, xids: tuple[XidEvent, ...], *, redact: bool
) -> tuple[Machine, Report, int]:
    from gpusetup.cli._redaction import machine_without_names, without_names

    machine = source.read(meanwhile=policy.prepare)
    driver = msgspec.structs.replace(machine.driver, xids=xids)
    machine = msgspec.structs.replace(machine, driver=driver)
    report, code = policy.judge(machine)
    return (machine_without_names(machine), without_names(report), code) if redact else (machine, report, code)


def _print_line(one: Examined) -> None:
    """Print one line of JSON: an `Examination`, the first with everything that is wrong as new."""
    from gpusetup.doctor.outcome.comparison import Examination
    from gpusetup.doctor.outcome.verdict import headline
    from gpusetup.value import to_json

    seen = Examination(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        verdict=headline(one.report.findings),
        changes=one.changes,
    )
    click.echo(to_json(seen, indent=-1), nl=False)


def _print_text(one: Examined) -> None:
    """Print the whole report at first, then only what changed; nothing when nothing did."""
    from gpusetup.report import doctor as text

    if one.first:
        text.show(one.report)
    elif one.changes:
        text.show_changes(datetime.now().strftime("%H:%M:%S"), one.changes, one.report)
