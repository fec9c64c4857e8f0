"""Live progress of the self-test on stderr, when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gpusetup.report.console import console

if TYPE_CHECKING:
    from rich.progress import TaskID

    from gpusetup.selftest.workers.worker_queue import LaneWorker


@contextmanager
def progress() -> Iterator[Callable[[Sequence[LaneWorker]], None]]:
    """Yield the `watch` callback for `execute`; it does nothing unless stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[doing]}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(workers: Sequence[LaneWorker]) -> None:
            for worker in workers:
                name = worker.lane.name
                if name not in tasks:
                    tasks[name] = bars.add_task(name, total=len(worker.lane.jobs), doing="")
                here = worker.done / worker.total if worker.total else 0.0
                bars.update(tasks[name], completed=len(worker.runs) + here, doing=worker.doing)

        yield watch
