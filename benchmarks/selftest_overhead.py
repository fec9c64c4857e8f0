"""What the engine costs: ``gpusetup selftest --quick`` against the same workloads run bare, imports included.

Bare means: the same jobs as plain Python processes, as many at a time, each importing its framework and calling the
checks with a recorder that keeps nothing. Both alternate `ROUNDS` times; the medians are compared, in seconds and in
processor time, which other programs on the machine change less and which is judged. The budget of a minute is for two
cores that have nothing else to do.
"""

from __future__ import annotations

import concurrent.futures
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
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
    def __getattr__(self, _): return lambda *_, **__: None

where = dict(framework=framework, device="cpu", threads=1, trace="", log="", data="")
for number, name in enumerate(names):
    job = Job(check=name, seed=0, round=1, profile="quick", **where)
    if number == 0:
        prepared.prepare(job)
    backend = importlib.import_module(f"checks.{name}.{framework}")
    importlib.import_module(f"checks.{name}").prove(backend, job, Nothing())
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return how many seconds it took, and how many of the processor."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used


def ours(names: list[str]) -> None:
    chosen = [part for name in names for part in ("--check", name)]
    command = [str(Path(sys.executable).with_name("gpusetup")), "selftest", "--quick", "--device", "cpu"]
    command += ["--framework", "pytorch", "--framework", "tensorflow", *chosen]
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
    found = sorted(path.parent.name for path in (ROOT / "checks").glob("*/check.toml"))
    # exact forks the ranks of its all-reduce, which has to be before TensorFlow has threads
    names = sorted(wanted or found, key=lambda name: name != "exact")
    pairs = [(timed(lambda: ours(names)), timed(lambda: bare(names))) for _ in range(ROUNDS)]
    print(f"selftest --quick, checks {', '.join(names)}, {len(os.sched_getaffinity(0))} cores, median of {ROUNDS}:")
    ratio = 0.0
    for place, what in enumerate(("s", "s of processor time")):
        one, two = (statistics.median(side[place] for side in sides) for sides in zip(*pairs, strict=True))
        ratio = one / two
        print(f"  with the engine {one:.1f} {what}, bare {two:.1f}: {ratio:.2f} times (budget {BUDGET})")
    return 1 if ratio > BUDGET else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
