"""Convergence as a distribution: how many steps a training takes to a stated loss, over seeds, against float64.

A fault that leaves every step within its tolerance, or a library that rounds a little worse, shows as "trains a little
worse" in the end. So each workload is trained from many seeds until its loss, as a mean over `MEAN` steps, falls below
a stated one; that number of steps is compared with those of the float64 reference (`points.tsv`), as MLPerf's reference
convergence points are (mlcommons/training_policies, "Reference Convergence Points").

From the seeds that the reference has had too, start and batches are the same, and only roundings differ: then the
pairs decide, by Wilcoxon's signed ranks. From other seeds both samples are compared, by Mann and Whitney's rank sum.
Either accuses a sound stack at most once in `FALSE_ALARM`; ties, which are usual, speak for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checks.convergence.points import read_points
from checks.convergence.samples import Compared, compare
from checks.convergence.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

SEEDS = {"quick": 16, "full": 20}
"""Twelve pairs of one sign come by chance once in 2048 times, as `FALSE_ALARM` asks; some may be ties."""
FALSE_ALARM = 2000
MEAN = 4


def prove(backend: Any, job: Job, record: Recorder) -> None:
    """Train from every seed, and compare; the reference trains from one, so that its table is known to be its own."""
    del backend  # the workloads have their own
    reference = job.framework == "reference"
    count = 1 if reference else SEEDS[job.profile]
    seeds = range(job.seed * SEEDS["full"], job.seed * SEEDS["full"] + count)
    for number, workload in enumerate(WORKLOADS):
        points = read_points()[workload.name]
        steps = converge(workload, seeds, job)
        record.tensor("steps", f"steps of {workload.name}", float(steps[0]))
        if reference:
            check_table(workload, seeds[0], steps[0], points, record)
        else:
            judge(workload, compare(dict(zip(seeds, steps, strict=True)), points), record)
        record.progress(number + 1, len(WORKLOADS))


def converge(workload: Workload, seeds: range, job: Job) -> list[int]:
    """Return for each seed the steps until the loss is below the stated one; one more than the most if never."""
    train = workload.trainer(job)
    return [steps_to(workload.target, train(seed), workload.most) for seed in seeds]


def steps_to(target: float, losses: Any, most: int) -> int:
    """Take losses one by one, and no more than are needed."""
    last: list[float] = []
    for step, loss in enumerate(losses, start=1):
        last = [*last[1 - MEAN :], loss]
        if len(last) == MEAN and np.mean(last) < target:
            return step
        if step == most or not np.isfinite(loss):
            break
    return most + 1


def judge(workload: Workload, found: Compared, record: Recorder) -> None:
    """Accuse where so much worse, or so much better, would come by chance less than once in `FALSE_ALARM` times."""
    text = f"{found.text}; steps to a loss of {workload.target:g}: {found.ours:g}, float64 {found.theirs:g} (medians)"
    record.observe("convergence", workload.name, text)
    holds = found.chance * FALSE_ALARM >= 1
    way = "as float64 does" if holds else found.way
    record.invariant(f"{workload.name} converges as float64 does", holds, f"{way}: {text}; chance {found.chance:.2g}")


def check_table(workload: Workload, seed: int, steps: int, points: dict[int, int], record: Recorder) -> None:
    """Hold the table against a training of the reference, where it has this seed."""
    if seed in points:
        detail = f"seed {seed}: {steps} steps, {points[seed]} in the table"
        record.invariant(f"the table has {workload.name}'s float64 training", steps == points[seed], detail)
