"""Programs that evolve until one is gradient descent, the same ones in every framework, generation by generation.

After Real, Liang, So and Le, "AutoML-Zero" (2020). A program has three parts: *setup* (1 instruction, run once),
*predict* (1) and *learn* (3). For each training example, predict is run with the input in vector 0, and then learn with
the label in scalar 0; what stands in scalar 1 after predict is the prediction. Validation runs predict alone. There are
4 scalars and 2 vectors of 4 numbers, all zero at first, and 7 operations (`Operation`).

Selection and mutation are done once for all frameworks, with numbers drawn by `draw.py`; what a framework does is to
run all programs of a generation, on four tasks. A score counts quarter octaves of the mean squared error. So roundings
in float64, in which this check computes whatever the precision of the run, cannot decide between two programs: an error
would have to lie within 1e-14 of the border of two scores. The bounds do the rest: what diverges, or has learned
everything, is amplified no further. What is found is held to the definition in fractions (`exactly`): each step moves
the weights by one and the same multiple of (label - w·x) x, to the last digit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform
from checks.evolve import exactly
from checks.evolve.evolution import POPULATION, Evolution
from checks.evolve.language import FEATURES, describe, ignorant, written

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.evolve.language import Programs

TASKS, EXAMPLES, VALIDATED = 4, 16, 8
GENERATIONS = 3000
"""At most. It ends when what is looked for is found, after 170 on average of 16 seeds, after 681 at the latest."""
_LEAST, _MOST = 2.0**-20, 2.0**20
_BETTER = 8
"""Quarter octaves that it must be better than a program that learns nothing, on the tasks and on unseen functions."""

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
    """Evolve until a program is gradient descent, and learns with its rate, what it has not seen too."""
    tasks, unseen = draw_tasks(job.seed, "task"), draw_tasks(job.seed, "another task")
    runner, other = backend.Runner(tasks, job), backend.Runner(unseen, job)
    record.tensor("exact", "inputs", tasks.inputs)
    record.tensor("prediction", "predictions of gradient descent by hand", run_alone(runner, written()))
    target, general = (
        score_alone(each, ignorant(), drawn) - _BETTER for each, drawn in ((runner, tasks), (other, unseen))
    )
    evolution, learned, started = Evolution(job.seed), 0, time.perf_counter()
    for generation in range(1, GENERATIONS + 1):
        scores = score(runner.predictions(evolution.programs), tasks)
        record.tensor("exact", "scores", scores, generation)
        record.progress(generation, GENERATIONS)
        if evolution.take(scores, lambda program: exactly.rate(program, job.seed) is not None, target):
            learned = score_alone(other, evolution.best, unseen)
            if learned <= general:
                break
        evolution.breed()
    record.measure("generations per second", generation / (time.perf_counter() - started))
    record_found(evolution.best, generation, job.seed, record)
    record.tensor("prediction", "predictions of the best program", run_alone(runner, evolution.best))
    detail = f"score {evolution.best_score} in {generation} generations, at most {target} allowed"
    record.invariant("a program that learns is found", evolution.best_score <= target, detail)
    detail = f"score {learned}, at most {general} allowed"
    record.invariant("it learns functions that it has not seen", learned <= general, detail)


def record_found(program: Programs, generation: int, seed: int, record: Recorder) -> None:
    """Record the program, and whether it is gradient descent."""
    lines, rate = "; ".join(describe(program)), exactly.rate(program, seed)
    record.tensor("exact", "best program", program)
    record.observe("evolution", f"generation {generation}", lines)
    detail = f"w += {rate} (label - w·x) x" if rate else "its steps are no multiple of (label - w·x) x"
    record.invariant("it is gradient descent, exactly", rate is not None, f"{detail}, in fractions: {lines}")


def run_alone(runner: Runner, program: Programs) -> Array:
    """Return what one program predicts, run in a generation of the usual size, so that nothing is compiled anew."""
    generation = np.zeros((POPULATION, *program.shape), np.int64)
    generation[0] = program
    found: Array = runner.predictions(generation)[0]
    return found


def score_alone(runner: Runner, program: Programs, tasks: Tasks) -> int:
    """Return the score of one program on the runner's tasks."""
    return int(score(run_alone(runner, program)[None], tasks)[0])


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
