"""Each trained workload against the same model as a user would write it (`plain/`), same batches: ``… [FRAMEWORK…]``.

Both run in one process per framework, in turn, over the same steps, on one thread, at least `ROUNDS` times and for at
least `SECONDS`. Each round gives a ratio, and the median of these is judged: a processor that changes its clock, or has
something else to do, does so to both. A ratio above 1 means that ours is slower.
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

import numpy as np

from checks import boundary, gru, sgd, transformer
from checks.boundary import plane
from checks.common.job import Job
from checks.gru.names import LETTERS as NAME_LETTERS
from checks.sgd.names import BATCH, count_letters
from checks.sgd.rules import RULES
from checks.transformer.text import LETTERS as TEXT_LETTERS
from checks.transformer.text import LONGEST

BUDGET, ROUNDS, SECONDS, STEPS = 1.05, 8, 5.0, 60
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
FRAMEWORKS = ("pytorch", "tensorflow", "jax")

Pair = tuple[Callable[..., float], Callable[..., float], list[tuple[Any, Any]]]


def workloads(framework: str, job: Job) -> dict[str, Pair]:
    """Return workload → our step, the plain one, and what each step is given."""
    plan, lines, names = gru.draw_plan(job), transformer.draw_plan(0), count_letters(job)
    languages = len(plan.corpus.languages)

    def plain(name: str, *sizes: int) -> Callable[..., float]:
        step: Callable[..., float] = importlib.import_module(f"benchmarks.plain.{name}_{framework}").trainer(*sizes)
        return step

    model = {
        name: importlib.import_module(f"checks.{name}.{framework}")
        for name in ("gru", "transformer", "sgd", "boundary")
    }
    adam = next(rule for rule in RULES if rule.name == "adam")
    start = {"weight": np.zeros((names.letters.shape[1], languages))}
    training: sgd.Training = model["sgd"].Training("regression", adam, start, job)
    rows = [np.arange(first * BATCH, (first + 1) * BATCH) % len(names.languages) for first in range(STEPS)]
    sample = plane.draw(0)
    points = [((sample.points, sample.labels),) * 2] * STEPS
    text = [lines.batch(step, causal=True) for step in range(STEPS)]
    return {
        "gru": (
            model["gru"].Model(plan.weights, job).step,
            plain("gru", NAME_LETTERS, languages),
            [((batch,), tuple(batch)) for batch in gru.batches(plan, 0, STEPS)],
        ),
        "transformer": (
            model["transformer"].Model(lines.weights, job, causal=True).step,
            plain("transformer", TEXT_LETTERS, LONGEST),
            [((batch,), tuple(batch)) for batch in text],
        ),
        "boundary": (
            model["boundary"].Network(boundary.draw_weights(0), job).step,
            plain("boundary", boundary.HIDDEN),
            points,
        ),
        "sgd": (
            training.step,
            plain("sgd", names.letters.shape[1], languages),
            [((names.letters[row], names.languages[row]),) * 2 for row in rows],
        ),
    }


def compare(pair: Pair) -> tuple[float, float, float]:
    """Return the seconds of our and of the plain step, the medians of all rounds, and the median of their ratios."""
    ours, plain, batches = pair

    def seconds(step: Callable[..., float], place: int) -> float:
        started = time.perf_counter()
        for batch in batches:
            step(*batch[place])
        return (time.perf_counter() - started) / len(batches)

    seconds(ours, 0)  # compiles
    seconds(plain, 1)
    times: list[tuple[float, float]] = []
    started = time.perf_counter()
    while len(times) < ROUNDS or time.perf_counter() < started + SECONDS:
        times.append((seconds(ours, 0), seconds(plain, 1)))
    return median(one for one, _ in times), median(two for _, two in times), median(one / two for one, two in times)


def main(framework: str) -> int:
    where: dict[str, Any] = {"device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
    job = Job(check="gru", framework=framework, seed=0, round=1, profile="quick", **where)
    importlib.import_module(f"checks.common.{framework}").prepare(job)
    slow = False
    for name, pair in workloads(framework, job).items():
        ours, plain, ratio = compare(pair)
        slow |= ratio > BUDGET
        print(f"{name:12}{framework:12}{ours * 1e3:7.2f} ms a step, plain {plain * 1e3:7.2f} ms: {ratio:.3f}")
    return 1 if slow else 0


def spawn(frameworks: Sequence[str]) -> int:
    environment = (
        os.environ | ONE_THREAD | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    )
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PLAIN_SCRIPTS_CHILD": "1"}
    done = [subprocess.run([sys.executable, __file__, one], check=False, env=environment) for one in frameworks]
    return max(one.returncode for one in done)


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(FRAMEWORKS)
    sys.exit(main(chosen[0]) if "PLAIN_SCRIPTS_CHILD" in os.environ else spawn(chosen))
