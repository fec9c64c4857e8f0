"""Each trained workload against the same as a user would write it (`plain/`): ``… [FRAMEWORK|WORKLOAD…]``.

Both run in one process per framework, in turn, over the same steps, on one thread, at least `ROUNDS` times and for at
least `SECONDS`. Seconds are of the processor: others may use the machine. Each round gives a ratio, and the median of
these is judged: a processor that changes its clock does so to both. A ratio above 1 means that ours is slower.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.plain_pairs import PAIRS, Pair
from checks.common.job import Job

BUDGET, ROUNDS, SECONDS = 1.05, 8, 5.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
FRAMEWORKS = ("pytorch", "tensorflow", "jax")


def compare(pair: Pair) -> tuple[float, float, float]:
    """Return the seconds of our and of the plain step, the medians of all rounds, and the median of their ratios."""
    ours, plain, batches = pair

    def seconds(step: Callable[..., float], place: int) -> float:
        started = time.process_time()
        for batch in batches:
            step(*batch[place])
        return (time.process_time() - started) / len(batches)

    seconds(ours, 0)  # compiles
    seconds(plain, 1)
    times: list[tuple[float, float]] = []
    started = time.process_time()
    while len(times) < ROUNDS or time.process_time() < started + SECONDS:
        times.append((seconds(ours, 0), seconds(plain, 1)))
    return median(one for one, _ in times), median(two for _, two in times), median(one / two for one, two in times)


def main(framework: str, names: Sequence[str]) -> int:
    where: dict[str, Any] = {"device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
    job = Job(check="gru", framework=framework, seed=0, round=1, profile="quick", **where)
    importlib.import_module(f"checks.common.{framework}").prepare(job)
    slow = False
    for name in names:
        ours, plain, ratio = compare(PAIRS[name](framework, job))
        slow |= ratio > BUDGET
        print(f"{name:16}{framework:12}{ours * 1e3:7.2f} ms a step, plain {plain * 1e3:7.2f} ms: {ratio:.3f}")
    return 1 if slow else 0


def spawn(frameworks: Sequence[str], names: Sequence[str]) -> int:
    environment = (
        os.environ | ONE_THREAD | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    )
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PLAIN_SCRIPTS_CHILD": "1"}
    commands = [[sys.executable, __file__, one, *names] for one in frameworks]
    return max(subprocess.run(command, check=False, env=environment).returncode for command in commands)


if __name__ == "__main__":
    given = sys.argv[1:]
    workloads = [one for one in given if one in PAIRS] or list(PAIRS)
    if "PLAIN_SCRIPTS_CHILD" in os.environ:
        sys.exit(main(given[0], workloads))
    sys.exit(spawn([one for one in given if one in FRAMEWORKS] or FRAMEWORKS, workloads))
