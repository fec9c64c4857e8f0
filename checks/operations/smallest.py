"""A wrong case made small: each trial runs in a child of its own, so that one that crashes is a trial like another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.common.shrink import shrink
from checks.operations.isolate import Item, in_children
from checks.operations.run import draw, fields, run_step, script_of
from checks.operations.watch import limit_computing

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.operations.engine import Engine
    from checks.operations.run import Step

_KINDS = {"failed": "wrong", "crashed": "wrong"}
"""Memory that is overwritten shows as wrong numbers or as a crash, as it happens."""


def record_smallest(steps: list[Step], backend: Engine, job: Job, record: Recorder) -> None:
    """Record each step that is wrong, in the smallest form found; one that is right when it is alone is left out."""
    if not backend.ISOLATED or job.device != "cpu":
        return  # a crash would end all; a card's driver does not survive a fork
    for step in steps:
        if (found := smallest(step, backend, job)) is not None:
            record.case(**found)


def smallest(step: Step, backend: Engine, job: Job) -> dict[str, Any] | None:
    """Return the record of the smallest wrong form of a step; None where it is right."""
    case = step.case
    drawn = case.draw_sizes(step.family, job.seed, job.framework, step.mode)
    first = trial(step, drawn, backend, job)
    if first is None:
        return None
    found = shrink(drawn, case.sizes, lambda sizes: _same(first, trial(step, sizes, backend, job)), job.shrink)
    smaller = trial(step, found, backend, job) if found != drawn else None
    kept = smaller or first
    return kept | {"script": script_of(step, job, found if smaller else drawn, kept["direction"])}


def trial(step: Step, sizes: dict[str, Any], backend: Engine, job: Job) -> dict[str, Any] | None:
    """Return the record of the first wrong direction of a step of these sizes; None where all is right or undefined."""
    try:
        drawn = draw(step.case, step.family, job, sizes, step.mode)
    except Exception:
        return None

    def part(done: Callable[[Item], None]) -> None:
        for item in run_step(step, drawn, backend, job, lambda _: limit_computing(job.threads)):
            done(item)

    (ended,) = in_children([part], Path(job.trace).parent, 1, lambda _: None)
    wrong = [item.fields for item in ended.items if item.fields["outcome"] in _KINDS]
    if wrong or not ended.why:
        return wrong[0] if wrong else None
    direction = "backward" if ended.items else "forward"
    return fields(step, job, direction, drawn.text()) | {"outcome": "crashed", "detail": ended.why}


def _same(first: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Return whether two wrong results are of one kind: an exception is another kind than wrong numbers."""
    return other is not None and _kind(first) == _kind(other)


def _kind(record: dict[str, Any]) -> str:
    raised = record["outcome"] == "failed" and "error" not in record
    return str(record["detail"]).partition(":")[0] if raised else _KINDS[record["outcome"]]
