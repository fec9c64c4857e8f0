"""How a run is said to scale: lanes on cores, and the table of what each check takes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import selftest_full
from benchmarks.selftest_full import IMPORT, LANES, Cost, cost_of, lanes, makespan, rounds, table


def test_lanes_go_to_the_first_core_that_is_free_the_longest_first() -> None:
    assert makespan([4.0, 3.0, 3.0, 2.0], 2) == 6.0
    assert makespan([4.0, 3.0, 3.0, 2.0], 1) == 12.0
    assert makespan([4.0, 1.0], 8) == 4.0, "a lane is one core's"


def test_a_framework_has_two_lanes_and_the_reference_one() -> None:
    every = [(name, number) for name in LANES for number in rounds(name)]
    costs = {lane: {"mlp": Cost(seconds=place, memory=0)} for place, lane in enumerate(every, start=1)}
    assert lanes(costs, ("jax",)) == [1, 6, 7]


def test_a_check_that_a_framework_lacks_has_an_empty_cell() -> None:
    costs = {(name, 1): {IMPORT: Cost(seconds=1.0, memory=0)} for name in LANES}
    costs["jax", 1]["mlp"] = Cost(seconds=2.5, memory=3 << 20)
    assert "| `mlp` |  |  |  | 2.5 s, 3 MiB |" in table(costs).splitlines()
    assert table(costs).splitlines()[-1] == "| all | 1 s | 1 s | 1 s | 4 s |"


def test_the_kernel_counts_what_a_check_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> None:
        held = bytearray(64 << 20)
        ends = time.process_time() + 0.1
        while time.process_time() < ends:
            held[::4096] = bytes(len(held) // 4096)

    monkeypatch.setattr(selftest_full, "run", run)
    found = cost_of("mlp", "reference", "quick", 1, Path())
    assert found.seconds >= 0.1
    assert found.memory > 64 << 20


def test_a_check_that_ends_by_an_error_has_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest_full, "run", lambda *_: 1 / 0)
    with pytest.raises(SystemExit, match="mlp in jax ended with status"):
        cost_of("mlp", "jax", "quick", 1, Path())
