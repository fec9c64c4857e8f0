"""Programs that evolve until one learns as well as gradient descent, the same ones generation by generation.

After Real, Liang, So and Le, "AutoML-Zero" (2020). A program has three parts: *setup* (1 instruction, run once),
*predict* (1) and *learn* (3). For each training example, predict is run with the input in vector 0, and then learn with
the label in scalar 0; what stands in scalar 1 after predict is the prediction. Validation runs predict alone. There are
4 scalars and 2 vectors of 4 numbers, all zero at first, and 7 operations (`Operation`).

Selection and mutation are done once for all frameworks, with numbers drawn by `draw.py`; what a framework does is to
run all programs of a generation, on four tasks. A score counts quarter octaves of the mean squared error. So roundings
in float64, in which this check computes whatever the precision of the run, cannot decide between two programs: an error
would have to lie within 1e-14 of the border of two scores. The bounds do the rest: what diverges, or has learned
everything, is amplified no further.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform
from checks.evolve.evolution import POPULATION, Evolution
from checks.evolve.language import FEATURES, describe, ignorant, written

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.evolve.language import Programs

TASKS, EXAMPLES, VALIDATED = 4, 16, 8
GENERATIONS = 3000
"""At most. It ends when what is looked for is found, as it is by one start of 60 generations in four or more."""
_LEAST, _MOST = 2.0**-20, 2.0**20
_BETTER = 8
"""Quarter octaves that it must be better on unseen functions than a program that learns nothing."""

Array = NDArray[np.float64]


class Tasks(NamedTuple):
    """Inputs (task, example, feature) and labels (task, example): a linear function each, whose weights are hidden."""

    inputs: Array
    labels: Array
    new_inputs: Array
    new_labels: Array
    weights: Array


class Runner(Protocol):
    """What a backend implements."""

    def __init__(self, tasks: Tasks, job: Job) -> None: ...
    def predictions(self, programs: Programs) -> Array:
        """Return what each program (p, instruction, 4) predicts of the new inputs, as (p, task, example)."""


class Backend(Protocol):
    """A backend's module."""

    Runner: type[Runner]


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Evolve until a program learns as well as gradient descent written by hand, and what it has not seen too."""
    tasks, unseen = draw_tasks(job.seed, "task"), draw_tasks(job.seed, "another task")
    runner, other = backend.Runner(tasks, job), backend.Runner(unseen, job)
    record.tensor("exact", "inputs", tasks.inputs)
    by_hand = run_alone(runner, written())
    record.tensor("prediction", "predictions of gradient descent by hand", by_hand)
    target = int(score(by_hand[None], tasks)[0])
    general = int(score(run_alone(other, ignorant())[None], unseen)[0]) - _BETTER
    evolution, learned, started = Evolution(job.seed), 0, time.perf_counter()
    for generation in range(1, GENERATIONS + 1):
        scores = score(runner.predictions(evolution.programs), tasks)
        record.tensor("exact", "scores", scores, generation)
        record.progress(generation, GENERATIONS)
        if evolution.take(scores) and evolution.best_score <= target:
            learned = int(score(run_alone(other, evolution.best)[None], unseen)[0])
            if learned <= general:
                break
        evolution.breed()
    record.measure("generations per second", generation / (time.perf_counter() - started))
    record.tensor("exact", "best program", evolution.best)
    record.tensor("prediction", "predictions of the best program", run_alone(runner, evolution.best))
    record.observe("evolution", f"generation {generation}", "; ".join(describe(evolution.best)))
    detail = f"score {evolution.best_score} in {generation} generations, by hand {target}"
    record.invariant("a program as good as gradient descent is found", evolution.best_score <= target, detail)
    detail = f"score {learned}, at most {general} allowed"
    record.invariant("it learns functions that it has not seen", learned <= general, detail)


def run_alone(runner: Runner, program: Programs) -> Array:
    """Return what one program predicts, run in a generation of the usual size, so that nothing is compiled anew."""
    generation = np.zeros((POPULATION, *program.shape), np.int64)
    generation[0] = program
    found: Array = runner.predictions(generation)[0]
    return found


def draw_tasks(seed: int, stream: str) -> Tasks:
    """Draw the hidden weights and the inputs; labels follow."""
    weights = uniform(seed, f"{stream} weights", (TASKS, FEATURES), 2.0)
    inputs = uniform(seed, f"{stream} inputs", (TASKS, EXAMPLES, FEATURES), 0.5)
    new = uniform(seed, f"{stream} new inputs", (TASKS, VALIDATED, FEATURES), 0.5)
    labels, new_labels = (np.einsum("kef,kf->ke", one, weights) for one in (inputs, new))
    return Tasks(inputs, labels, new, new_labels, weights)


def score(predictions: Array, tasks: Tasks) -> NDArray[np.int64]:
    """Return the mean squared errors in quarter octaves, lower is better; what is no number scores as the worst."""
    with np.errstate(all="ignore"):
        errors = ((predictions - tasks.new_labels) ** 2).mean(axis=(1, 2))
    bounded = np.clip(np.where(np.isfinite(errors), errors, _MOST), _LEAST, _MOST)
    scores: NDArray[np.int64] = np.rint(4 * np.log2(bounded)).astype(np.int64)
    return scores
