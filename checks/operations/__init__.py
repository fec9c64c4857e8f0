"""Operations: every family that a model is made of, forward and backward, element by element against float64.

A family is a module of `families`, which lists its cases: how the operation is written in each framework, and what it
means, in NumPy. Shapes and options are drawn from the seed. The bound of each element is the one that running error
analysis gives for the reference (`bounded.py`), so that it is as tight as the arithmetic allows.

What frameworks order differently is settled per case by the text of the operation, which says so where it transposes.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from checks.operations.families import families
from checks.operations.isolate import Ended, Item, in_children
from checks.operations.run import Step, describe_drawn, end, fields, run_steps, steps_of
from checks.operations.smallest import record_smallest
from checks.operations.watch import limit_computing

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.operations.engine import Engine

KIND = "value"


def prove(backend: Engine, job: Job, record: Recorder) -> None:
    """Run every family of this profile and record its cases."""
    if job.framework == "reference":
        return
    parts = dict(steps_of(families(), backend, job))
    if job.shrink:
        record_smallest(list(chain(*parts.values())), backend, job, record)
        return
    # a card's driver does not survive a fork, and a crash there takes the context with it
    if backend.ISOLATED and job.device == "cpu":
        _apart(parts, backend, job, record)
    else:
        _together(parts, backend, job, record)


def _together(parts: dict[str, list[Step]], backend: Engine, job: Job, record: Recorder) -> None:
    for done, steps in enumerate(parts.values(), start=1):
        run_steps(steps, backend, job, record.began, partial(_keep, record))
        record.progress(done, len(parts))


def _apart(parts: dict[str, list[Step]], backend: Engine, job: Job, record: Recorder) -> None:
    """Run each family in a child, in quick runs all in one; after a crash, what is left in another."""
    rest = _children(parts, backend.SLOW_START) if job.profile == "full" else {"": list(chain(*parts.values()))}
    finished = 0
    kept: dict[str, list[Item]] = {family: [] for family in rest}

    def count(_: int) -> None:
        nonlocal finished
        finished += 1
        record.progress(min(finished, len(kept)), len(kept))

    while rest:
        works = [partial(run_steps, steps, backend, job, partial(_begin, record, job)) for steps in rest.values()]
        ends = in_children([_as_part(work) for work in works], Path(job.trace).parent, _at_once(job), count)
        rest = {
            family: left
            for (family, steps), one in zip(rest.items(), ends, strict=True)
            if (left := _after(steps, one, job, kept[family]))
        }
    for items in kept.values():
        for item in items:
            _keep(record, item)


def _children(parts: dict[str, list[Step]], slow: frozenset[str]) -> dict[str, list[Step]]:
    """Return what each child runs: a family, and one child all that is run in modes that take seconds to get ready."""
    found = {family: [step for step in steps if step.mode not in slow] for family, steps in parts.items()}
    found |= {mode: [step for step in chain(*parts.values()) if step.mode == mode] for mode in sorted(slow)}
    return {name: steps for name, steps in found.items() if steps}


def _begin(record: Recorder, job: Job, case: str) -> None:
    """Announce a case, and have the kernel end this child if it computes without end."""
    limit_computing(job.threads)
    record.began(case)


def _as_part(work: Callable[..., None]) -> Callable[[Callable[[Item], None]], None]:
    return lambda done: work(done=done)


def _after(steps: list[Step], ended: Ended, job: Job, kept: list[Item]) -> list[Step]:
    """Keep what a child recorded; name the case that ended it, and return the steps that come after that."""
    kept += ended.items
    if not ended.why:
        return []
    names = [(item.fields["case"], item.fields["mode"]) for item in ended.items]
    done = dict.fromkeys(names)
    last = names[-1] if names else None
    order = [(step.id, step.mode) for step in steps]
    place = order.index(last) + 1 if last is not None else 0
    # a case whose forward pass is recorded and whose backward is not has crashed on the way back
    half = last is not None and ended.items[-1].fields["direction"] == "forward" and bool(steps[place - 1].case.wrt())
    if half and ended.items[-1].fields["outcome"] in {"passed", "failed"}:
        place -= 1
    if place >= len(steps):
        return []
    step, direction = steps[place], "backward" if half and order[place] in done else "forward"
    kept.append(
        Item(fields(step, job, direction, describe_drawn(step, job)) | end(step, job, ended.why, direction), {})
    )
    return steps[place + 1 :]


def _at_once(job: Job) -> int:
    """Return how many children may run: both rounds of a framework usually run beside each other."""
    return max(1, len(os.sched_getaffinity(0)) // (2 * job.threads))


def _keep(record: Recorder, item: Item) -> None:
    record.case(**item.fields)
    for name, array in item.arrays.items():
        record.tensor(KIND, name, array)
