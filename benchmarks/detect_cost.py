"""What `gpusetup detect` costs as a whole process: per further GPU, and per hundred installed distributions.

The arms are run in turn, round after round, so that other load on the machine affects all alike. The GPUs are those of
the fake driver, whose calls cost nothing: the time of a real driver is added to this. Beside the wall time, the
processor time of all processes is printed, which depends less on other load.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the fake driver lives beside the tests

from tests.fake_driver import FakeDriver, build

PYTHON = sys.executable
DETECT = [str(Path(PYTHON).with_name("gpusetup")), "detect"]
FLOOR = [PYTHON, "-c", "import click, pynvml"]
ROUNDS = 15
MANY_GPUS = 32
MANY_DISTRIBUTIONS = 500

Arm = tuple[list[str], dict[str, str]]
Cost = tuple[float, float]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        spent = _measure(_arms(Path(folder)))
    for kind, times in (("passed", {name: cost[0] for name, cost in spent.items()}),
                        ("processor", {name: cost[1] for name, cost in spent.items()})):  # fmt: skip
        _report(kind, times)
    return 0


def _report(kind: str, times: dict[str, float]) -> None:
    floor = times["floor"]
    print(f"{kind} time")
    for name, seconds in times.items():
        print(f"  {name:18} {seconds * 1000:7.1f} ms (median of {ROUNDS}), {seconds / floor:.2f} x the floor")
    per_gpu = (times[f"GPUs: {MANY_GPUS}"] - times["GPUs: 1"]) / (MANY_GPUS - 1)
    per_hundred = (times[f"{MANY_DISTRIBUTIONS} more wheels"] - times["no driver"]) / (MANY_DISTRIBUTIONS / 100)
    print(f"  per further GPU            {per_gpu * 1000:6.2f} ms, {per_gpu / floor:.4f} x the floor")
    print(f"  per hundred distributions  {per_hundred * 1000:6.2f} ms, {per_hundred / floor:.4f} x the floor")


def _arms(folder: Path) -> dict[str, Arm]:
    driver = FakeDriver(build(folder))
    wheels = folder / "wheels"
    for number in range(MANY_DISTRIBUTIONS):
        (wheels / f"some_thing_{number}-1.{number}.dist-info").mkdir(parents=True)
    return {
        "floor": (FLOOR, {}),
        "no driver": (DETECT, {}),
        **{f"GPUs: {count}": (DETECT, driver(f"h100*{count}")) for count in (1, 8, MANY_GPUS)},
        f"{MANY_DISTRIBUTIONS} more wheels": (DETECT, {"PYTHONPATH": str(wheels)}),
    }


def _measure(arms: dict[str, Arm]) -> dict[str, Cost]:
    """Return the medians of the time that passed and of the processor time, of each arm."""
    spent: dict[str, list[Cost]] = {name: [] for name in arms}
    for round_number in range(ROUNDS + 1):
        for name, arm in arms.items():
            cost = _cost(*arm)
            if round_number:  # the first round fills the caches
                spent[name].append(cost)
    return {name: (median(one[0] for one in costs), median(one[1] for one in costs)) for name, costs in spent.items()}


def _cost(argv: list[str], env: dict[str, str]) -> Cost:
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, env=os.environ | env, stdout=subprocess.DEVNULL, check=True)
    passed, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
