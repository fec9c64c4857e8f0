"""What is set inside the program: clocks, the order of arrival, and what is recorded of a run."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import socket
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from gpusetup.repro.trial import INJECTED

sys.path.insert(0, str(INJECTED))
from _gpusetup_repro import arrival, clock

sys.path.remove(str(INJECTED))


def fresh(name: str) -> types.ModuleType:
    """Load a module of the standard library a second time, so that what it becomes stays here."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rate", [1.0, 3.0, 7.0])
def test_a_clock_never_goes_back_and_reaches_any_deadline(rate: float) -> None:
    passed = clock.counting(rate)
    readings = [passed() for _ in range(5000)]
    assert readings[0] == 0
    assert all(one < other for one, other in itertools.pairwise(readings))
    assert readings[-1] > 60, "a minute passes within 5,000 readings"
    repeated = clock.counting(rate)
    assert [repeated() for _ in range(5000)] == readings


def test_at_another_rate_other_steps_are_the_longest() -> None:
    def longest(rate: float) -> int:
        readings = [one() for one in [clock.counting(rate)] * 21]
        steps = [later - sooner for sooner, later in itertools.pairwise(readings)]
        return steps.index(max(steps))

    assert len({longest(rate) for rate in (1.0, 3.0, 7.0)}) > 1


def test_a_hundred_million_readings_are_a_date_that_does_not_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([10**8])
    monkeypatch.setattr(clock.itertools, "count", lambda: counted)
    assert clock.counting(3.0)() < 400 * 365 * 86400


@pytest.mark.parametrize(("value", "order"), [("submitted", [0, 1, 2, 3, 4]), ("swapped", [1, 0, 3, 2, 4])])
def test_futures_are_taken_by_their_submission(value: str, order: list[int]) -> None:
    base: Any = fresh("concurrent.futures._base")
    arrival.set_futures(base, value)
    futures = [base.Future() for _ in range(5)]
    for number, future in reversed(list(enumerate(futures))):
        future.set_result(number)
    assert [one.result() for one in base.as_completed(futures)] == order
    done, left = base.wait(futures, return_when=base.FIRST_COMPLETED)
    assert [one.result() for one in done] == order[:1]
    assert len(left) == 4
    assert len(base.wait(futures).done) == 5


def test_a_future_that_does_not_end_is_a_time_out() -> None:
    base: Any = fresh("concurrent.futures._base")
    arrival.set_futures(base, "submitted")
    with pytest.raises(base.TimeoutError):
        list(base.as_completed([base.Future()], timeout=0.01))


def recorded(tmp_path: Path, text: str, **variables: str) -> list[list[Any]]:
    """Return what a program records under our hooks."""
    record = tmp_path / "record"
    record.touch()
    own = {"_GPUSETUP_REPRO_RECORD": str(record), "PYTHONPATH": str(INJECTED)}
    subprocess.run([sys.executable, "-c", text], env=dict(os.environ) | own | variables, check=True, cwd=tmp_path)
    return [json.loads(line) for line in record.read_text().splitlines()]


def test_connections_and_changing_files_are_recorded(tmp_path: Path) -> None:
    text = f"""
import socket
open("/proc/loadavg").close()
for address in (("192.0.2.1", 443), ("127.0.0.1", 9)):
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setblocking(False)
    one.connect_ex(address)
assert {socket.AF_INET.value}
"""
    lines = recorded(tmp_path, text)
    assert [line[2:] for line in lines if line[0] == "connect"] == [["192.0.2.1:443"]]
    assert [line[2:] for line in lines if line[0] == "read"] == [["/proc/loadavg"]]
    assert [line[3] for line in lines if line[0] == "start"] == [sys.executable]


def test_the_library_keeps_its_clocks(tmp_path: Path) -> None:
    """A wait of the standard library takes as long as it should, though the program's own clock counts readings."""
    text = """
import threading, time
first = time.monotonic()
assert threading.Event().wait(0.01) is False
assert time.monotonic() == first + 0.001 * (1 + 1 / 128), "one more reading"
assert time.perf_counter_ns() == 0
"""
    lines = recorded(tmp_path, text, _GPUSETUP_REPRO_DURATIONS="1")
    assert ["set", "durations"] in [[line[0], line[2]] for line in lines if line[0] == "set"]
