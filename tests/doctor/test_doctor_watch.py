"""``--watch``: what came, changed and went; a clean end; no growth."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.outcome.comparison import Examination, FindingChange, changes
from gpusetup.doctor.registry import all_rules
from gpusetup.files import write
from gpusetup.machine.nvml.events import XidListener
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.fake_driver import FakeDriver, plan
from tests.support import Run

pytestmark = pytest.mark.slow

RULES = all_rules().values()
HOT = {"gpus": {"0": {"temperature": 120}}}
LOST = {"unread": "failed", "source": "nvml", "detail": "NVML_ERROR_GPU_IS_LOST", "code": 15}


def findings(host: str = "desktop", change: dict[str, Any] | None = None) -> tuple[Finding, ...]:
    return examine(machine(host, change), RULES)


def told(found: tuple[FindingChange, ...]) -> list[tuple[str, str]]:
    return [(one.kind, one.finding.rule) for one in found]


def test_what_comes_and_goes_is_told_and_what_stays_is_not() -> None:
    cool, hot, hotter = findings(), findings(change=HOT), findings(change={"gpus": {"0": {"temperature": 125}}})
    assert told(changes(cool, hot)) == [("new", "PWR001")]
    assert told(changes(hot, hotter)) == []
    assert told(changes(hot, cool)) == [("cleared", "PWR001")]
    assert told(changes((), hot)) == [("new", "PWR001")]


def test_a_finding_that_a_new_cause_explains_is_cleared() -> None:
    hot = findings("h100_server", {"gpus": {"2": {"temperature": 120}}})
    keep = {"index", "name", "uuid", "pci_address"}
    gone = {name: LOST for name in type(machine("h100_server").gpus[0]).__struct_fields__ if name not in keep}  # type: ignore[index]
    lost = findings("h100_server", {"gpus": {"2": gone}})
    assert told(changes(hot, lost)) == [("new", "GPU003"), ("cleared", "PWR001")]


def test_a_changed_state_says_what_it_was() -> None:
    exclusive, prohibited = (findings(change={"gpus": {"0": {"compute_mode": mode}}}) for mode in (3, 2))
    (one,) = changes(exclusive, prohibited)
    assert (one.kind, one.was, one.finding.state) == ("changed", "warning", "error")


class Watch:
    """A doctor that watches the saved machine at `path`."""

    def __init__(self, path: Path, *options: str, env: dict[str, str] | None = None, seconds: str = "0.1") -> None:
        self.path = path
        script = Path(sys.executable).with_name("gpusetup")
        source = ["--machine", str(path)] if path.exists() else []
        self.process = subprocess.Popen(
            [script, "doctor", *source, "--watch", seconds, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (env or {}),
        )  # fmt: skip

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def observed(self) -> Examination:
        """Return the next observation that has a change."""
        while not (seen := msgspec.json.decode(self.line(), type=Examination)).changes:
            pass
        return seen

    def become(self, change: dict[str, Any] | None) -> None:
        write(self.path, to_json(machine("desktop", change)))

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "m.json", to_json(machine("desktop", HOT)))
    return tmp_path / "m.json"


def test_json_is_a_line_for_each_examination_and_ctrl_c_ends_with_the_last_verdict(path: Path) -> None:
    watch = Watch(path, "--json", "--fail-on", "warning")
    assert told(watch.observed().changes) == [("new", "PWR001")]
    watch.become({})
    seen = watch.observed()
    assert (told(seen.changes), seen.verdict) == ([("cleared", "PWR001")], "healthy: nothing wrong was found")
    watch.become({"gpus": {"0": {"compute_mode": 2}}})
    assert told(watch.observed().changes) == [("new", "PRM003")]
    assert watch.end() == (1, "")


def test_text_is_the_report_and_then_only_what_changes(path: Path) -> None:
    watch = Watch(path)
    while (line := watch.line()) and not line.startswith("Next: "):
        pass
    assert line.endswith(":\n"), "a command follows, and then what changes"
    watch.line()
    time.sleep(0.5)
    watch.become({})
    assert watch.line() == "\n"
    assert watch.line().rstrip().endswith("healthy: nothing wrong was found")
    assert watch.line().startswith("CLEARED PWR001, GPU 0: ")
    watch.become({"gpus": {"0": {"compute_mode": 3}}})
    assert watch.line() == "\n"
    assert watch.line().rstrip().endswith("1 warning")
    assert watch.line().startswith("NEW WARNING PRM003, GPU 0: ")
    assert watch.end() == (0, "")


def test_a_machine_that_can_no_longer_be_read_ends_it_with_a_message(path: Path) -> None:
    watch = Watch(path, "--json")
    watch.observed()
    path.unlink()
    _, said = watch.process.communicate(timeout=10)
    assert watch.process.returncode == 2
    assert "cannot read the machine file" in said
    assert "Traceback" not in said


def test_neither_memory_nor_descriptors_nor_children_grow(tmp_path: Path, fake_driver: FakeDriver) -> None:
    watch = Watch(tmp_path / "none", "--json", env=fake_driver("h100*8"))
    sizes = []
    for _ in range(3):
        for _ in range(6):
            json.loads(watch.line())
        sizes.append(_state(watch.process.pid))
    assert watch.end()[0] in {0, 1, 3}
    (memory, descriptors, children), last = sizes[0], sizes[-1]
    assert last[0] - memory < 1500, "kB after twelve more examinations"
    assert (last[1] - descriptors, last[2] - children) <= (2, 1), "more than one examination is at work"


def _state(pid: int) -> tuple[int, int, int]:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return memory, len(list(Path(f"/proc/{pid}/fd").iterdir())), len(children)


@pytest.mark.parametrize(
    "options",
    [
        ["--watch", "--format", "junit"],
        ["--watch", "--machine", "-"],
        ["--watch=0"],
        ["--watch", "soon"],
        ["--watch", "--fix"],
    ],
)
def test_what_cannot_be_watched_is_refused(options: list[str], gpusetup: Run) -> None:
    done = gpusetup("doctor", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_xid_is_reported_at_once_and_to_any_user(tmp_path: Path, fake_driver: FakeDriver) -> None:
    """The pause is an hour: only the event itself can end it."""
    env = fake_driver("h100*2") | {"FAKE_NVML_XIDS": "79@1,31@0"}
    watch = Watch(tmp_path / "none", "--json", "--only", "REC006", env=env, seconds="3600")
    try:
        told = {(one.finding.subject, one.finding.state): one.finding.summary for one in watch.observed().changes}
    finally:
        watch.process.kill()
        watch.process.wait()
    assert told["PCI 0000:02:00.0", "error"].startswith("Xid 79 was reported: the GPU has fallen off the bus")
    assert told["PCI 0000:01:00.0", "warning"].startswith("Xid 31 was reported:")


@pytest.mark.parametrize(
    "faults",
    [
        {"nvmlEventSetCreate": 999},
        {"nvmlDeviceGetSupportedEventTypes": 3},
        {"nvmlDeviceRegisterEvents": 15},
        {"nvmlEventSetWait_v2": 15},
        {"nvmlEventSetWait_v2": "hang"},
        {"nvmlEventSetWait_v2": "segv"},
        {"nvmlEventSetCreate": "exit"},
        {"nvmlInit": "hang"},
    ],
)
def test_a_listener_that_fails_costs_the_pause_and_no_more(
    faults: dict[str, int | str], fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in plan("h100*2", faults=faults).items():
        monkeypatch.setenv(name, value)
    listener = XidListener(str(fake_driver.library))
    start = time.monotonic()
    try:
        assert listener.wait(0.3) == ()
        assert 0.29 < time.monotonic() - start < 3
    finally:
        listener.end()


def test_an_xid_of_a_gpu_that_no_longer_answers_is_heard_without_an_address(
    fake_driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan("h100*2", faults={"nvmlDeviceGetPciInfo": 15}) | {"FAKE_NVML_XIDS": "79@1,45@0"}
    for name, value in planned.items():
        monkeypatch.setenv(name, value)
    listener = XidListener(str(fake_driver.library))
    try:
        assert listener.wait(20) == (("", 79), ("", 45))
    finally:
        listener.end()
