"""The dashboard of ``doctor watch``: what could not be read is said, and keys do what the help says."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.cli import _dashboard, _watch
from gpusetup.cli._diagnosis import MachineSource, policy
from gpusetup.cli._reading import HERE
from gpusetup.doctor.diagnosis import diagnose
from gpusetup.doctor.outcome.comparison import changes
from gpusetup.doctor.registry import all_rules
from gpusetup.errors import WrongInputError
from gpusetup.files import write
from gpusetup.machine.model import Gpu, Machine, Unread
from gpusetup.report.dashboard import rows
from gpusetup.report.dashboard.frame import Failure, Frame, Message
from gpusetup.value import to_json
from tests.doctor.machines import HOSTS, machine
from tests.fake_driver import FakeDriver
from tests.support import module

RULES = list(all_rules().values())
HOT = {"gpus": {"0": {"temperature": 120, "throttle_reasons": 0x60}}}
SHOWN = (
    "name", "utilization", "memory_used", "memory_total", "temperature", "temperature_limit", "power", "power_limit",
    "clock_sm", "clock_sm_max", "pcie_gen", "pcie_width", "throttle_reasons",
)  # fmt: skip


def frame(one: Machine, before: Machine | None = None) -> Frame:
    report = diagnose(one, RULES)
    last = diagnose(before, RULES).findings if before else ()
    return Frame(at="12:03:04", machine=one, report=report, changes=changes(last, report.findings))


def gpus(one: Machine) -> tuple[Gpu, ...]:
    assert not isinstance(one.gpus, Unread)
    return one.gpus


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("why", sorted(rows.UNREAD))
def test_a_reading_that_failed_is_a_word_in_its_column(why: str, wide: bool) -> None:
    first = gpus(machine("h100_server"))[0]
    well = rows._gpu(first, "ok", wide)
    for field in SHOWN:
        unread = Unread(unread=why, source="nvml", detail="it broke")  # type: ignore[arg-type]
        row = rows._gpu(msgspec.structs.replace(first, **{field: unread}), "ok", wide)
        if not wide and field == "clock_sm_max":
            continue
        assert sum(rows.UNREAD[why] in cell for cell in row) == sum(rows.UNREAD[why] in cell for cell in well) + 1, (
            field
        )


@pytest.mark.parametrize("host", HOSTS)
def test_no_cell_is_blank(host: str) -> None:
    shown = frame(machine(host))
    assert all(all(row) for row in rows.gpu_rows(shown))
    assert bool(rows.gpu_rows(shown)) != bool(rows.no_gpus(shown.machine))
    assert all(row[1] for row in rows.process_rows(shown))


def test_why_there_is_no_gpu_is_said() -> None:
    gone = msgspec.structs.replace(machine(), gpus=Unread(unread="timeout", source="nvmlInit", detail="no answer"))
    said = rows.no_gpus(gone)
    assert "nvmlInit: no answer" in said
    assert "10de:" in said, "the card is still on the bus"


def test_the_clocks_are_limited_by_what_the_mask_says() -> None:
    assert rows.limits(0x1) == "idle"
    assert rows.limits(0x61) == "sw thermal, hw thermal"
    assert rows.limits(0) == "nothing"
    assert rows.limits(0x4004) == "power cap, 0x4000"


def test_the_worst_finding_marks_the_gpu_and_what_changed_has_its_time() -> None:
    shown = frame(machine(change=HOT), machine())
    assert rows.gpu_rows(shown)[0][0] == "! 0"
    assert rows.change_rows(shown)[0].cells[:3] == ("12:03:04", "new warning", "PWR001")
    assert rows.gpu_rows(frame(machine()))[0][0] == "✓ 0"


def test_what_is_alike_on_every_gpu_is_one_row() -> None:
    hot = machine("h100_server", {"gpus": {str(number): {"temperature": 120} for number in range(8)}})
    shown = frame(hot)
    assert [one.cells[1:3] for one in rows.finding_rows(shown) if one.finding.rule == "PWR001"] == [
        ("PWR001", "GPUs 0-7")
    ]
    assert [row[0] for row in rows.gpu_rows(shown)] == [f"! {number}" for number in range(8)]


def test_what_a_host_says_is_neutral_in_every_cell() -> None:
    named = machine(change={"gpus": {"0": {"name": "RTX \x1b[31m4090[/red]\u202e"}}})
    cells = [cell for row in rows.gpu_rows(frame(named)) for cell in row]
    assert not any("\x1b" in cell or "\u202e" in cell for cell in cells)


# The screen, driven by Textual's own pilot.


class Screen:
    """A dashboard, and the other end of its pipe."""

    def __init__(self) -> None:
        from gpusetup.report.dashboard.app import Dashboard

        read, self._write = os.pipe()
        self.asked = 0
        self.app = Dashboard(read, 10, self._ask)

    def _ask(self) -> None:
        self.asked += 1

    async def get(self, pilot: Any, *messages: Message, close: bool = False) -> None:
        def send() -> None:
            for one in messages:
                text = to_json(one, indent=-1).encode()
                while text:
                    text = text[os.write(self._write, text) :]
            if close:
                os.close(self._write)

        sender = threading.Thread(target=send)  # a pipe holds less than a machine with 72 GPUs
        sender.start()
        while sender.is_alive():
            await pilot.pause(0.01)
        await pilot.pause()

    def text(self) -> str:
        lines = re.findall(r"<text[^>]*>(.*?)</text>", self.app.export_screenshot())
        return " ".join(lines).replace("&#160;", " ")


def drive(test: Callable[[Screen, Any], Coroutine[Any, Any, None]], size: tuple[int, int] = (100, 30)) -> Screen:
    module("textual")

    async def run(screen: Screen) -> None:
        async with screen.app.run_test(size=size) as pilot:
            await test(screen, pilot)

    screen = Screen()
    asyncio.run(run(screen))
    return screen


def test_a_machine_gets_sick_and_well_and_the_changes_stay() -> None:
    well, hot = machine(), machine(change=HOT)

    async def play(screen: Screen, pilot: Any) -> None:
        await screen.get(pilot, Message(), Message(frame=frame(well)))
        assert "healthy" in screen.text()
        await screen.get(pilot, Message(), Message(frame=frame(hot, well)))
        assert "sw thermal" in screen.text()
        await pilot.press("enter")
        assert "What to do: Give it air" in screen.text()
        await pilot.press("escape")
        await screen.get(pilot, Message(frame=frame(well, hot)))
        await pilot.press("2")
        assert {"cleared", "PWR001"} <= set(screen.text().split())

    drive(play)


def test_the_cursor_stays_on_its_finding() -> None:
    change = {"gpus": {"0": {"temperature": 120, "compute_mode": 2}}}
    both, one = machine(change=change), machine(change={"gpus": {"0": {"compute_mode": 2}}})

    async def play(screen: Screen, pilot: Any) -> None:
        table = screen.app._table("findings-table")
        await screen.get(pilot, Message(frame=frame(one)))
        assert table.cursor_row == 0
        await screen.get(pilot, Message(frame=frame(both)))
        rule = screen.app._listed["findings"][table.cursor_row].finding.rule
        assert rule == rows.finding_rows(frame(one))[0].finding.rule

    drive(play)


def test_r_asks_once_and_not_while_the_machine_is_being_read() -> None:
    async def play(screen: Screen, pilot: Any) -> None:
        await pilot.press("r")
        assert screen.asked == 0, "it is being read from the start"
        await screen.get(pilot, Message(frame=frame(machine())))
        await pilot.press("r")
        assert screen.asked == 1
        await screen.get(pilot, Message())
        await pilot.press("r")
        assert screen.asked == 1
        assert "reading for" in screen.text()

    drive(play)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_72_gpus_can_be_scrolled_and_help_has_every_key(size: tuple[int, int]) -> None:
    server = machine("h100_server")
    many = msgspec.structs.replace(
        server, gpus=tuple(msgspec.structs.replace(gpus(server)[number % 8], index=number) for number in range(72))
    )

    async def play(screen: Screen, pilot: Any) -> None:
        await screen.get(pilot, Message(frame=frame(many)))
        await pilot.press("g", "ctrl+end")
        await pilot.pause()
        assert "71" in screen.text().split()
        await pilot.press("question_mark")
        assert "examine now" in screen.text()
        await pilot.press("q")
        assert len(screen.app.screen_stack) == 1, "closes what is above, and the dashboard stays"

    drive(play, size)


@pytest.mark.parametrize("close", [False, True])
def test_a_failure_ends_it_with_its_message(*, close: bool) -> None:
    """The end of the pipe comes right after a failure and does not replace it."""

    async def play(screen: Screen, pilot: Any) -> None:
        await screen.get(pilot, Message(failure=Failure(message="cannot read it", code=2)), close=close)

    failure = drive(play).app.return_value
    assert failure == Failure(message="cannot read it", code=2)


# The command, on a terminal.


class Terminal:
    """The command on a pseudo-terminal of 100 × 30, and everything that it wrote."""

    def __init__(self, *options: str, env: dict[str, str] | None = None) -> None:
        module("textual")
        self.master, slave = pty.openpty()
        script = Path(sys.executable).with_name("gpusetup")
        self.process = subprocess.Popen(
            [script, "doctor", "watch", *options], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"} | (env or {}),
        )  # fmt: skip
        os.close(slave)
        self.said = b""

    def until(self, words: str, seconds: float = 60) -> bool:
        end = time.monotonic() + seconds
        while words.encode() not in self.said and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self.master, 1 << 16)
                except OSError:  # the other side is closed
                    break
        return words.encode() in self.said

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def end(self) -> int:
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            self.until("\0", 0.1)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        os.close(self.master)
        return self.process.wait()


@pytest.mark.slow
def test_on_a_terminal_it_is_a_dashboard_and_q_ends_it_with_the_verdict(tmp_path: Path) -> None:
    write(tmp_path / "m.json", to_json(machine(change=HOT)))
    terminal = Terminal("--machine", str(tmp_path / "m.json"), "--fail-on", "warning")
    assert terminal.until("PWR001"), terminal.said[-2000:]
    terminal.press("q")
    assert terminal.end() == 1


@pytest.mark.slow
def test_a_machine_that_cannot_be_read_ends_it_with_the_reason(tmp_path: Path) -> None:
    terminal = Terminal("--sysroot", str(tmp_path / "nothing"))
    assert terminal.until("is not a folder"), terminal.said[-2000:]
    assert terminal.end() == 2


@pytest.mark.slow
def test_a_driver_that_hangs_holds_up_no_key(fake_driver: FakeDriver) -> None:
    terminal = Terminal("--deadline", "60", env=fake_driver("h100*2", faults={"nvmlInit": "hang"}))
    assert terminal.until("reading for 1 s"), terminal.said[-2000:]
    terminal.press("q")
    start = time.monotonic()
    assert terminal.end() == 0
    assert time.monotonic() - start < 30, "long before the deadline"


def test_without_textual_it_is_lines_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "m.json", to_json(machine(change=HOT)))
    monkeypatch.setattr(_dashboard, "can_show", lambda: True)
    monkeypatch.setattr(_dashboard, "is_installed", lambda: False)
    monkeypatch.setattr(select, "select", lambda *_: (tmp_path / "m.json").unlink())
    source = MachineSource(str(tmp_path / "m.json"), HERE, 10, None, ())
    with pytest.raises(WrongInputError, match="cannot read the machine file"):
        _watch.watch(source, policy("", "", None, fail_on="error", require_gpu=False), "text", 0.1, redact=False)
    said = capsys.readouterr()
    assert "pip install 'gpusetup[dashboard]'" in said.err
    assert "PWR001" in said.out


def test_a_pipe_gets_lines() -> None:
    assert not _dashboard.can_show()
