"""Told to end, the command ends at once: no worker, no job and no scratch folder is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.selftest.small_world import World
from tests.selftest.test_selftest_endings import _alive, _wait_for

SLOW = """
import os, time
def run(job, record):
    open({pids!r}, "a").write(f"{{os.getpid()}} {{os.getppid()}} ")
    time.sleep(600)
"""


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=str)
def test_it_leaves_nothing_behind(world: World, tmp_path: Path, blow: signal.Signals, code: int) -> None:
    pids, scratch = tmp_path / "pids", tmp_path / "scratch"
    pids.write_text("")
    scratch.mkdir()
    world.add("slow", reference=SLOW.format(pids=str(pids)))
    (world.folder / "slow" / "pytorch.py").write_text(SLOW.format(pids=str(pids)))
    command: list[str | Path] = [
        Path(sys.executable).with_name("gpusetup"), "selftest", "--checks", world.folder, "--check", "slow",
        "--framework", "pytorch", "--device", "cpu", "--jobs", "3",
    ]  # fmt: skip
    # a shell lets its background jobs ignore Ctrl-C, and this test may be part of one
    command = ["env", "--default-signal=INT,HUP,TERM", *command]
    with subprocess.Popen(command, env=dict(os.environ) | {"TMPDIR": str(scratch)}, stderr=subprocess.PIPE) as engine:
        _wait_for(lambda: len(pids.read_text().split()) >= 6)
        assert any(scratch.glob("gpusetup-selftest-*"))
        engine.send_signal(blow)
        engine.send_signal(blow)  # an impatient user does not disturb the cleaning up
        _, said = engine.communicate(timeout=20)
    assert engine.returncode == code
    assert b"Traceback" not in said
    for pid in map(int, pids.read_text().split()):
        _wait_for(lambda pid=pid: not _alive(pid))  # type: ignore[misc]  # a default binds it
    assert list(scratch.glob("gpusetup-selftest-*")) == []


def test_what_nohup_ignores_stays_ignored() -> None:
    from gpusetup.cli._signals import unwinding

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with unwinding():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
