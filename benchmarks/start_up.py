"""How long whole commands take to start, as ratios to bare processes measured in the same run.

The commands are run in turn, round after round, so that other load on the machine affects all alike; the medians and
their ratios are printed. Exits 1 when a ratio of wall times is beyond its budget. The ratio of processor times, of a
command and the child in which it asks the driver, is printed beside it: other load changes it less.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the fake driver lives beside the tests

import gpusetup
from gpusetup.cli import COMMANDS
from gpusetup.cli._plain import OURS
from gpusetup.doctor.remedies import cache as remedies
from gpusetup.facts import cache as facts
from gpusetup.render import template_cache as templates
from tests.fake_driver import FakeDriver, build

PYTHON = sys.executable
GPUSETUP = str(Path(PYTHON).with_name("gpusetup"))
FLOOR = [PYTHON, "-c", "import click, pynvml"]
COLLECT_ENV = [PYTHON, "-m", "torch.utils.collect_env"]
DOCTOR = [GPUSETUP, "doctor"]
INSTALL = [GPUSETUP, "install", "--distro", "fedora", "--gpu", "RTX 4090"]
EIGHT = "h100*8"

ROUNDS = 21
SLOW_ROUNDS = 3


def main() -> int:
    as_installed()
    with tempfile.TemporaryDirectory() as folder:
        return _main(FakeDriver(build(Path(folder)))(EIGHT))


def _main(eight_gpus: dict[str, str]) -> int:
    with_gpus = ["env", *(f"{name}={value}" for name, value in eight_gpus.items()), *DOCTOR]
    budgets = [
        ("gpusetup doctor", DOCTOR, "floor", FLOOR, 1.5),
        ("doctor, 8 GPUs", with_gpus, "floor", FLOOR, 1.6),
    ]
    if "install" in COMMANDS and importlib.util.find_spec("gpusetup.cli.install"):
        budgets.append(("gpusetup install", INSTALL, "floor", FLOOR, 2.0))
    within = _compare(budgets, ROUNDS)
    if importlib.util.find_spec("torch"):
        within &= _compare([("gpusetup doctor", DOCTOR, "collect_env", COLLECT_ENV, 1 / 18)], SLOW_ROUNDS)
    else:
        print("torch is not installed: not compared with torch.utils.collect_env")
    return 0 if within else 1


def as_installed() -> None:
    """Compile tables, templates and modules, as building and installing the wheel does; a fresh checkout has none."""
    facts.write()
    remedies.write()
    templates.write()
    compileall.compile_dir(Path(gpusetup.__file__).parent, quiet=2)


class Times(NamedTuple):
    """Seconds that a command took: by the clock, and of processors."""

    wall: float
    processor: float


def _compare(budgets: list[tuple[str, list[str], str, list[str], float]], rounds: int) -> bool:
    commands = {name: argv for row in budgets for name, argv in ((row[0], row[1]), (row[2], row[3]))}
    times: dict[str, list[Times]] = {name: [] for name in commands}
    for argv in commands.values():
        _times(argv)  # fills the caches
    for _ in range(rounds):
        for name, argv in commands.items():
            times[name].append(_times(argv))
    middle = {name: Times(*map(median, zip(*some, strict=True))) for name, some in times.items()}
    for name, one in middle.items():
        print(f"{name:18} {one.wall * 1000:8.1f} ms, {one.processor * 1000:8.1f} of processors (median of {rounds})")
    verdicts = [_within(name, other, middle, budget) for name, _, other, _, budget in budgets]
    return all(verdicts)


def _within(name: str, other: str, middle: dict[str, Times], budget: float) -> bool:
    ratio = middle[name].wall / middle[other].wall
    verdict = "within" if ratio <= budget else "BEYOND"
    beside = middle[name].processor / middle[other].processor
    print(f"{name} / {other} = {ratio:.3f}, {verdict} the budget of {budget:.3f} (of processors {beside:.3f})")
    return ratio <= budget


def _variables() -> dict[str, str]:
    """Return the environment of a user: a variable of ours, such as the seed of the tests, would call the parser."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def _times(argv: list[str]) -> Times:
    with tempfile.TemporaryFile("w+") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=stderr, env=_variables())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in {0, 1, 3}:  # 1 and 3 are verdicts of the doctor
            stderr.seek(0)
            raise SystemExit(f"{' '.join(argv)} ended with {process.returncode}:\n{stderr.read()}")
    return Times(seconds, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
