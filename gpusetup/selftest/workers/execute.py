"""Run lanes in parallel until every job has its run, even when workers crash or hang."""

from __future__ import annotations

import selectors
from collections import deque
from typing import TYPE_CHECKING

from gpusetup.selftest.workers.worker_queue import LaneWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gpusetup.selftest.model import Run
    from gpusetup.selftest.schedule import Lane, RunLimits

_TICK = 0.25  # seconds; short enough for the progress display and the memory limit


def execute(
    lanes: Sequence[Lane],
    folders: Sequence[Path],
    jobs: int,
    limits: RunLimits,
    watch: Callable[[Sequence[LaneWorker]], None],
) -> list[Run]:
    """Run `lanes`, at most `jobs` at a time and one per GPU, and return their runs in the order of the lanes.

    One thread and one selector: the kernel kills a worker whose parent *thread* dies, so no other thread may start
    one. `watch` is called with the workers several times a second. No process is left behind, even when interrupted.
    """
    workers = [LaneWorker(lane, folders, limits) for lane in lanes]
    waiting, active = deque(workers), list[LaneWorker]()
    try:
        while waiting or active:
            _start(waiting, active, jobs)
            _wait(active)
            for worker in active:
                worker.hold_to_limits()
            active = [worker for worker in active if not worker.finished]
            watch(workers)
    finally:
        for worker in workers:
            worker.stop()
    return [run for worker in workers for run in worker.runs]


def _start(waiting: deque[LaneWorker], active: list[LaneWorker], jobs: int) -> None:
    """Start the first waiting lanes whose device is free; the CPU takes as many as `jobs` allows."""
    for worker in list(waiting):
        if len(active) >= jobs:
            return
        device = worker.lane.device
        # two workers on one GPU would share its memory, and each could fail for want of what the other holds
        if device != "cpu" and any(other.lane.device == device for other in active):
            continue
        waiting.remove(worker)
        worker.start()
        active.append(worker)


def _wait(active: Sequence[LaneWorker]) -> None:
    """Sleep until a worker has written or a tick has passed, then read from those that wrote."""
    with selectors.DefaultSelector() as selector:
        for worker in active:
            selector.register(worker.pipe, selectors.EVENT_READ, worker)
        for key, _ in selector.select(_TICK):
            key.data.read()
