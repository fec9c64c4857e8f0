"""Slower than the baseline is said after measuring again, and only where it can be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.selftest.judge.speed import judge, suspects
from gpusetup.selftest.model import Job, Result, Run
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.verdict import Verdict
from tests.selftest.small_world import RIGHT, World

RATE = "    record.measure('names per second', float(open({path!r}).read().split()[{which}]))\n"


def run(rate: float, number: int = 1, *, threads: str = "1", name: str = "names per second") -> Run:
    job = Job(check="one", framework="pytorch", device="cpu", seed=0, round=number, profile="quick", threads=1)
    result = Result(
        environment={"threads": threads}, records=(), invariants=(), measures={name: rate}, fingerprint="same"
    )
    return Run(job=job, outcome="finished", seconds=1.0, result=result)


def verdict(now: list[Run], before: list[Run], may_lose: float = 0.25) -> Verdict | None:
    return next(judge(now, before, {"one"}, may_lose), None)


@pytest.mark.parametrize(
    ("now", "before", "state"),
    [
        ([100], [100], "passed"),
        ([80], [100], "passed"),
        ([70], [100], "failed"),
        ([70, 90], [100], "passed"),  # the best of all rounds counts
        ([70], [100, 60], "passed"),  # the saved rounds themselves differ by more
        ([55], [100, 60], "failed"),
        ([300], [100], "passed"),
    ],
)
def test_the_best_rounds_are_compared(now: list[float], before: list[float], state: str) -> None:
    found = verdict([run(rate) for rate in now], [run(rate) for rate in before])
    assert found is not None
    assert found.state == state
    assert bool(suspects([run(rate) for rate in now], [run(rate) for rate in before], {"one"}, 0.25)) == (
        state == "failed"
    )


def test_another_environment_is_never_compared() -> None:
    found = verdict([run(1, threads="2")], [run(100)])
    assert found is not None
    assert (found.state, "threads 1 → 2" in found.summary) == ("unproven", True)
    assert not suspects([run(1, threads="2")], [run(100)], {"one"}, 0.25)


def test_nothing_is_said_of_what_is_no_rate_or_of_another_check() -> None:
    assert verdict([run(1, name="accuracy")], [run(100, name="accuracy")]) is None
    assert next(judge([run(1)], [run(100)], set(), 0.25), None) is None


def measured(world: World, rates: str, before: Proof | None, which: str = "job.round - 1") -> Proof:
    file = world.folder / "rates"
    file.write_text(rates)
    if before is None:
        world.add("one", reference=RIGHT, pytorch=RIGHT + RATE.format(path=str(file), which=which))
    return world.prove("one", frameworks=("pytorch",), baseline=before)


def speeds(proof: Proof) -> list[str]:
    return [one.state for one in proof.verdicts if one.kind == "speed"]


def test_without_a_baseline_no_speed_is_judged(world: World) -> None:
    assert speeds(measured(world, "100 100", None)) == []


def test_a_slow_moment_is_measured_again_and_forgiven(world: World) -> None:
    before = measured(world, "100 100 0 0 0", None)
    now = measured(world, "10 10 11 99 99", before)
    assert speeds(now) == ["passed"]
    assert sorted(one.job.round for one in now.runs if one.job.framework == "pytorch") == [1, 2, 3, 4]


def test_what_stays_slow_fails(world: World) -> None:
    before = measured(world, "100 100 0 0 0", None)
    now = measured(world, "50 50 50 50 50", before)
    assert speeds(now) == ["failed"]
    [said] = [one.summary for one in now.verdicts if one.kind == "speed"]
    assert "50% of the baseline's names per second, best of 5 rounds; 25% may be lost" in said


def test_other_rates_change_no_other_verdict(world: World, tmp_path: Path) -> None:
    before = measured(world, "100 100 0 0 0", None)
    now = measured(world, "50 50 50 50 50", before)
    assert {one.kind for one in now.verdicts if one.state == "failed"} == {"speed"}
