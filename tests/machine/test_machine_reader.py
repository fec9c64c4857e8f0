"""The child that reads a host: it reads what this process would, at the same time, and never ends in silence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import CannotLookError
from gpusetup.machine import reader as reading
from gpusetup.machine import without_driver
from gpusetup.machine.model import Machine, Unread
from gpusetup.machine.read import read
from gpusetup.machine.worker import REAP_SECONDS, Channel, Worker
from tests.fake_driver import FakeDriver

LIVE = "/"
CHANGING = ("uptime", "disks", "memory_bytes", "services")
"""Fields of the system that other programs change from one moment to the next."""


def still(machine: Machine) -> Machine:
    """Return `machine` without what differs between two readings of one host."""
    kernel = msgspec.structs.replace(machine.system.kernel, log=(), earlier_log=())
    system = msgspec.structs.replace(machine.system, kernel=kernel, **dict.fromkeys(CHANGING))
    return msgspec.structs.replace(machine, system=system, read_at="", stuck=())


def _closes_its_end_and_exits_later(send: Channel) -> None:
    os.close(send.pipe)
    time.sleep(3 * REAP_SECONDS)
    os._exit(3)


def test_a_child_that_takes_its_time_to_exit_has_crashed_and_not_timed_out() -> None:
    """What a crashed child holds of the driver is released after its pipe; on a busy machine any exit takes long."""
    outcome = Worker(_closes_its_end_and_exits_later, 30).wait()
    assert (outcome.ended, outcome.detail) == ("crash", "the process ended by itself with status 3")


def test_the_live_host_is_read_alike_by_a_child_and_by_this_process() -> None:
    here, child = read(LIVE, 5), read(LIVE, 5, lambda: None)
    assert msgspec.json.encode(still(child)) == msgspec.json.encode(still(here))
    assert still(child) == still(here)


@pytest.mark.parametrize("sysroot", ["live", "folder"])
def test_the_callers_work_is_done_while_the_child_reads(
    sysroot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading waits for what only the caller's work brings about."""
    done = tmp_path / "done"

    def wait(*_: object) -> dict[str, str]:
        end = time.monotonic() + 20
        while not done.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        return {"/seen": "1"}

    monkeypatch.setattr(without_driver, "read_toolkits", wait)
    assert read(LIVE if sysroot == "live" else tmp_path, 5, done.touch).toolkits == {"/seen": "1"}


def test_an_error_of_the_callers_work_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_driver, "read_toolkits", lambda _: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        read(LIVE, 5, lambda: 1 // 0)
    assert time.monotonic() - start < 10


def _kill_self(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("reader", "why"), [(_kill_self, "ended by SIGKILL"), (lambda _: time.sleep(60), "no answer within 1 s")]
)
def test_a_reading_that_does_not_finish_is_named(
    reader: Callable[..., object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.5)
    monkeypatch.setattr(without_driver, "read_toolkits", reader)
    with pytest.raises(CannotLookError, match=f"cannot read this machine: reading toolkits did not finish .*{why}"):
        read(LIVE, 0.5, lambda: None)


def test_memory_that_runs_out_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def swallow(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(without_driver, "read_toolkits", swallow)
    with pytest.raises(CannotLookError, match="toolkits exceeded what memory there is"):
        read(LIVE, 5, lambda: None)


def test_without_a_process_to_spare_the_live_host_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    did: list[int] = []
    machine = read(LIVE, 5, lambda: did.append(1))
    assert did == [1]
    assert machine.system.python
    assert isinstance(machine.gpus, Unread)


def _leaves_a_child(tell: Channel) -> None:
    tell("read", "x")
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)


def test_a_grandchild_with_the_pipe_is_not_waited_for() -> None:
    """A driver's call that never returns can keep the process that asks from dying: it outlives the one that reads."""
    start = time.monotonic()
    outcome = Worker(_leaves_a_child, 30).wait()
    assert time.monotonic() - start < 2
    assert (outcome.ended, outcome.lines) == ("fine", [["read", "x"]])


def _interrupt_self(tell: Channel) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    tell("read", "alive")


@pytest.mark.parametrize(("handler", "ended"), [(signal.SIG_IGN, "fine"), (signal.default_int_handler, "crash")])
def test_a_child_ignores_ctrl_c_where_its_parent_does(handler: signal.Handlers, ended: str) -> None:
    """Scripts start background jobs with SIGINT ignored; a Ctrl-C that was meant for another reaches them too."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        assert Worker(_interrupt_self, 30).wait().ended == ended
    finally:
        signal.signal(signal.SIGINT, before)


def below(pid: int) -> list[int]:
    """Return the descendants of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [each for child in map(int, text.split()) for each in (child, *below(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


ENDINGS = {
    signal.SIGINT: (130, "gpusetup: interrupted"),
    signal.SIGTERM: (-signal.SIGTERM, ""),
    signal.SIGHUP: (-signal.SIGHUP, ""),
    signal.SIGKILL: (-signal.SIGKILL, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDINGS)
@pytest.mark.parametrize("group", [False, True])
def test_a_doctor_that_is_told_to_end_leaves_no_process(
    number: signal.Signals, group: bool, fake_driver: FakeDriver
) -> None:
    """A signal comes to it alone, or from a terminal to all of its processes."""
    env = os.environ | fake_driver("h100", faults={"nvmlDeviceGetCount": "hang"})
    command = [str(Path(sys.executable).with_name("gpusetup")), "doctor", "--deadline", "60"]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + 20
    while len(started := below(process.pid)) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.3)  # inside the call that hangs
    (os.killpg if group else os.kill)(process.pid, number)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said.strip()) == ENDINGS[number]
    end = time.monotonic() + 5
    while any(map(alive, started)):
        assert time.monotonic() < end, f"{started} live on"
        time.sleep(0.01)


EXITS = """
import ctypes, time
from gpusetup.machine.worker import Worker

libc = ctypes.CDLL(None)
forever = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)(lambda *_: time.sleep(60))
libc.on_exit(forever, None)
outcome = Worker(lambda send: libc.exit(3), 10).wait()
print(outcome.ended, outcome.detail, flush=True)
libc._exit(0)
"""


def test_a_library_that_exits_runs_no_handler_of_the_callers_libraries() -> None:
    """A handler that waits for a thread waits for ever in a child, which has none of its parent's threads."""
    ran = subprocess.run([sys.executable, "-c", EXITS], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "crash the process ended by itself with status 3", ran.stderr
