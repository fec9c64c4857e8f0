"""What the engine costs: ``gpusetup selftest --quick`` against the same workloads run bare, imports included.

Bare means: the same jobs as plain Python processes, as many at a time, each importing its framework and calling the
check with a recorder that keeps nothing. Both alternate `ROUNDS` times; the medians are compared.
"""

from __future__ import annotations

import concurrent.futures
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
BUDGET = 1.15

BARE = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
from checks.common.job import Job
framework, names = sys.argv[2], sys.argv[3:]
prepared = importlib.import_module(f"checks.common.{framework}")

class Nothing:
    def tensor(self, *_): pass
    invariant = measure = progress = tensor

where = dict(framework=framework, device="cpu", threads=1, trace="", log="", data="")
for number, name in enumerate(names):
    job = Job(check=name, seed=0, round=1, profile="quick", **where)
    if number == 0:
        prepared.prepare(job)
    backend = importlib.import_module(f"checks.{name}.{framework}")
    importlib.import_module(f"checks.{name}").prove(backend, job, Nothing())
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def timed(work: object) -> float:
    started = time.perf_counter()
    assert callable(work)
    work()
    return time.perf_counter() - started


def ours(names: list[str]) -> None:
    chosen = [part for name in names for part in ("--check", name)]
    command = [str(Path(sys.executable).with_name("gpusetup")), "selftest", "--quick", "--device", "cpu", *chosen]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def bare(names: list[str]) -> None:
    def run(framework: str) -> None:
        written = [name for name in names if (ROOT / "checks" / name / f"{framework}.py").is_file()]
        command = [sys.executable, "-P", "-c", BARE, str(ROOT), framework, *written]
        subprocess.run(command, check=True, env=os.environ | ONE_THREAD, stderr=subprocess.DEVNULL)

    jobs = ["tensorflow", "tensorflow", "pytorch", "pytorch", "reference"]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(run, jobs))


def main(wanted: list[str]) -> int:
    names = wanted or sorted(path.parent.name for path in (ROOT / "checks").glob("*/check.toml"))
    pairs = [(timed(lambda: ours(names)), timed(lambda: bare(names))) for _ in range(ROUNDS)]
    one, two = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"selftest --quick, checks {', '.join(names)}, {len(os.sched_getaffinity(0))} cores, median of {ROUNDS}:")
    print(f"  with the engine {one:.1f} s, bare {two:.1f} s: {one / two:.2f} times (budget {BUDGET})")
    return 1 if one / two > BUDGET else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
