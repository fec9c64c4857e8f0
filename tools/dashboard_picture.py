"""Draws the dashboard of ``doctor watch`` for the documentation: ``python -m tools.dashboard_picture``.

Needs the extra ``tools`` and Chromium. Textual writes what a terminal shows as SVG, and the browser makes a
picture of that: the SVG itself would load its font from elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from pathlib import Path

import click

from gpusetup.doctor.diagnosis import diagnose
from gpusetup.doctor.outcome.comparison import changes
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from gpusetup.report.dashboard.app import Dashboard
from gpusetup.report.dashboard.frame import Frame, Message
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.report_page.browser import chromium
from tests.support import found

FILE = Path(__file__).resolve().parent.parent / "docs/images/dashboard.png"
COLUMNS, LINES = 100, 22
WIDTH = 1100
MOST = 150_000
JOB = [{"pid": 4242, "memory": 70 << 30, "graphics": False}]
BUSY = {
    "processes!": JOB,
    "utilization": 98,
    "power": 640.0,
    "clock_sm": 1755,
    "throttle_reasons": 0,
    "memory_used": 71 << 30,
}
SICK = {"3": BUSY | {"temperature": 98, "throttle_reasons": 0x60, "clock_sm": 990}, "6": BUSY | {"pcie_width": [8, 16]}}


def frames() -> list[Frame]:
    """Return a server that is well, and then two of its GPUs are not."""
    load = {str(number): BUSY for number in range(8)}
    well, sick = machine("h100_server", {"gpus": load}), machine("h100_server", {"gpus": load | SICK})
    return [_frame("12:03:04", well, ()), _frame("12:03:14", sick, (well,))]


def _frame(at: str, one: Machine, before: tuple[Machine, ...]) -> Frame:
    rules = list(all_rules().values())
    report = diagnose(one, rules)
    last = [finding for earlier in before for finding in diagnose(earlier, rules).findings]
    return Frame(at=at, machine=one, report=report, changes=changes(last, report.findings))


async def _svg() -> str:
    read, write = os.pipe()
    dashboard = Dashboard(read, 10, lambda: None)
    text = "".join(to_json(Message(frame=frame), indent=-1) for frame in frames()).encode()
    async with dashboard.run_test(size=(COLUMNS, LINES)) as pilot:
        sender = threading.Thread(target=_send, args=(write, text))
        sender.start()
        while sender.is_alive():
            await pilot.pause(0.05)
        await pilot.pause(0.5)
        shown: str = dashboard.export_screenshot(title="gpusetup doctor watch")
        return shown


def _send(pipe: int, text: bytes) -> None:
    while text:
        text = text[os.write(pipe, text) :]


def main() -> int:
    """Draw the picture."""
    svg = asyncio.run(_svg())
    with tempfile.TemporaryDirectory() as folder, chromium(str(found("chromium"))) as browser:
        file = Path(folder, "shown.html")
        file.write_text(
            f"<!doctype html><style>body{{margin:0}}svg{{display:block;width:100%}}</style>{svg}", encoding="utf-8"
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 100})
        page.goto(file.as_uri())
        page.locator("svg").screenshot(path=FILE)
    size = FILE.stat().st_size
    click.echo(f"{FILE}: {size} bytes")
    return int(size > MOST)


if __name__ == "__main__":
    sys.exit(main())
