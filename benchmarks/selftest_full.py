"""What ``gpusetup selftest --full`` takes, check by check: ``… [--profile NAME] [--framework NAME] [--check NAME]``.

Each check runs once per framework and round, on one thread, in a fork of a process that has imported the framework, as
a worker runs it. The kernel counts its processor time, with that of all it starts, and the most memory that any of
these holds: others may use the machine. Each is kept in ``build/full/`` as it comes, so that the campaign can be run in
pieces.

From the seconds follows how a run scales: a framework's checks in a round are one lane, which one core computes after
its import; the reference has one round, each framework `ROUNDS`, and the later one leaves out what is only looked at,
and takes from the folder of the run what the first has compiled there. Lanes go to the first core that is free, the
longest first. Prints what each check takes and, from that, minutes by cores and frameworks.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec

from benchmarks.selftest_tails import Kept
from checks.common.job import Job
from gpusetup.selftest.registry import checks
from gpusetup.value import Value
from tests.checks.planted import ROOT

KEPT = ROOT / "build" / "full"
FRAMEWORKS = ("pytorch", "tensorflow", "jax")
LANES = ("reference", *FRAMEWORKS)
ROUNDS = 2
IMPORT = "import"
"""Is kept beside the checks: what every lane begins with."""


class Cost(Value):
    """Processor seconds, and the most memory in bytes; `digest` is that of the check."""

    seconds: float
    memory: int
    digest: str = ""


Costs = dict[str, Cost]
"""By check, in one framework and round."""
Lane = tuple[str, int]
"""A framework and a round."""


def rounds(framework: str) -> range:
    """Return the rounds that a run has of a framework."""
    return range(1, 1 + (1 if framework == "reference" else ROUNDS))


def measure(framework: str, profile: str, wanted: Sequence[str]) -> None:
    """Run the checks that have no cost of their present sources yet, one after another, round by round."""
    with tempfile.TemporaryDirectory() as scratch:
        for number in rounds(framework):
            measure_round(framework, profile, wanted, number, Path(scratch))


def measure_round(framework: str, profile: str, wanted: Sequence[str], number: int, scratch: Path) -> None:
    """Run the checks of a round, whose files lie in `scratch`."""
    file = KEPT / f"{profile}-{framework}-{number}.json"
    found = kept(framework, profile, number)
    importlib.import_module(f"checks.common.{framework}")
    found[IMPORT] = Cost(seconds=time.process_time(), memory=0)
    for check in checks().values():
        runs = check.in_profile("full") and framework in ("reference", *check.frameworks)
        known = check.name in found and found[check.name].digest == check.digest
        if runs and not known and (not wanted or check.name in wanted):
            cost = cost_of(check.name, framework, profile, number, scratch)
            found[check.name] = msgspec.structs.replace(cost, digest=check.digest)
            file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
            print(f"{framework:11}{number} {check.name:16}{found[check.name].seconds:8.1f} s", flush=True)


def kept(framework: str, profile: str, number: int) -> Costs:
    """Return what was measured before."""
    file = KEPT / f"{profile}-{framework}-{number}.json"
    return msgspec.json.decode(file.read_bytes(), type=Costs) if file.exists() else {}


def cost_of(check: str, framework: str, profile: str, number: int, scratch: Path) -> Cost:
    """Run a check in a fork and return what the kernel counted."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(check, framework, profile, number, scratch)
            code = 0
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{check} in {framework} ended with status {status}")
    return Cost(seconds=used.ru_utime + used.ru_stime, memory=used.ru_maxrss * 1024)


def run(check: str, framework: str, profile: str, number: int, scratch: Path) -> None:
    """Run a check in this process."""
    trace = str(scratch / f"{check}-{number}.npz")
    where: dict[str, Any] = {"device": "cpu", "threads": 1, "trace": trace, "log": "", "data": ""}
    job = Job(check=check, framework=framework, seed=0, round=number, profile=profile, **where)
    importlib.import_module(f"checks.common.{framework}").prepare(job)
    module, backend = (importlib.import_module(f"checks.{name}") for name in (check, f"{check}.{framework}"))
    module.prove(backend, job, Kept())


def lanes(costs: dict[Lane, Costs], frameworks: Sequence[str]) -> list[float]:
    """Return the seconds of each lane of a run in these frameworks."""
    return [sum(one.seconds for one in costs[lane].values()) for lane in costs if lane[0] in ("reference", *frameworks)]


def makespan(lanes: Sequence[float], cores: int) -> float:
    """Return when the last of `cores` is done, if each takes the longest lane that is left."""
    busy = [0.0] * cores
    for lane in sorted(lanes, reverse=True):
        first = busy.index(min(busy))
        busy[first] += lane
    return max(busy)


def table(costs: dict[Lane, Costs]) -> str:
    """Return a line per check: seconds and memory in each framework and round."""
    heads = [f"{framework}, round {number}" for framework, number in costs]
    lines = ["| check | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    names = [IMPORT, *sorted({name for one in costs.values() for name in one} - {IMPORT})]
    cells = {name: [_cell(one.get(name)) for one in costs.values()] for name in names}
    lines += [f"| {f'`{name}`' if name != IMPORT else 'the import'} | {' | '.join(cells[name])} |" for name in names]
    totals = [f"{sum(each.seconds for each in one.values()):.0f} s" for one in costs.values()]
    return "\n".join([*lines, f"| all | {' | '.join(totals)} |"])


def _cell(cost: Cost | None) -> str:
    if cost is None:
        return ""
    return f"{cost.seconds:.1f} s" + (f", {cost.memory / 2**20:.0f} MiB" if cost.memory else "")


def scaling(costs: dict[Lane, Costs]) -> str:
    """Return a line per choice of frameworks: minutes on so many cores."""
    cores = (1, 2, 4, 8)
    lines = ["| frameworks | " + " | ".join(f"{count} cores" for count in cores) + " |", "|---" * 5 + "|"]
    choices = [*((one,) for one in FRAMEWORKS), *itertools.combinations(FRAMEWORKS, 2), FRAMEWORKS]
    for chosen in choices:
        minutes = [makespan(lanes(costs, chosen), count) / 60 for count in cores]
        lines.append(f"| {', '.join(chosen)} | " + " | ".join(f"{one:.1f} min" for one in minutes) + " |")
    return "\n".join(lines)


def main(wanted: argparse.Namespace) -> int:
    KEPT.mkdir(parents=True, exist_ok=True)
    if wanted.framework:
        measure(wanted.framework, wanted.profile, wanted.check)
        return 0
    for framework in LANES:  # each in a process of its own, which a fork copies
        subprocess.run([sys.executable, *sys.argv, "--framework", framework], check=True)
    every = [(framework, number) for framework in LANES for number in rounds(framework)]
    costs = {lane: kept(lane[0], wanted.profile, lane[1]) for lane in every}
    print(table(costs), scaling(costs), sep="\n\n")
    return 0


if __name__ == "__main__":
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "NPROC": "1", "OMP_NUM_THREADS": "1"}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--profile", choices=("quick", "full"), default="full")
    options.add_argument("--framework", choices=LANES, help="measure this one alone, and print no table")
    options.add_argument("--check", action="append", default=[])
    sys.exit(main(options.parse_args()))
