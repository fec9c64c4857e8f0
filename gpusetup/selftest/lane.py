"""One lane at work: a worker process, the job it is on, and what became of each."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.selftest import endings
from gpusetup.selftest.memory import GIB, kernel_kills, resident
from gpusetup.selftest.model import HALVES, Outcome, Result, Run
from gpusetup.selftest.plan import environment
from gpusetup.selftest.process import WorkerProcess
from gpusetup.selftest.protocol import Done, Exited, Failed, Message, Progress, Ready, Started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Job
    from gpusetup.selftest.plan import Lane, Limits

_LOG_LINES = 12


class LaneWorker:
    """Runs a lane's jobs in order. A worker that dies is replaced for the jobs that are left; so it always ends.

    `pipe` is what to wait on; it changes when the worker is replaced. `runs` fills as jobs end.
    """

    def __init__(self, lane: Lane, folders: Sequence[Path], limits: Limits) -> None:
        self.lane = lane
        self.runs: list[Run] = []
        self.done, self.total = 0, 0
        self._folders, self._limits = folders, limits
        self._waiting = deque(lane.jobs)
        self._process: WorkerProcess | None = None
        self._imported = False
        self._result: Result | None = None
        self._error, self._child, self._kills = "", 0, 0

    @property
    def pipe(self) -> int:
        """Return the descriptor its worker speaks on, or -1."""
        return self._process.pipe if self._process is not None else -1

    @property
    def finished(self) -> bool:
        """True when every job has its run."""
        return len(self.runs) == len(self.lane.jobs)

    @property
    def doing(self) -> str:
        """Return what it is at, in a word or two."""
        if self._process is None:
            return "done" if self.finished else "waiting"
        return self._waiting[0].check if self._imported else "importing"

    def start(self) -> None:
        """Start a worker for the waiting jobs; the first one is sent along."""
        job = self._waiting[0]
        log = Path(job.log).with_suffix(".worker.log")
        variables = environment(self.lane, job.threads)
        self._process = WorkerProcess(self.lane.python, self.lane.framework, self._folders, variables, log)
        self._imported = False
        self._next()

    def read(self) -> None:
        """Take what the worker has said; the end of its pipe is the end of the worker."""
        messages = self._process.read() if self._process is not None else []
        if messages is None:
            self._lost()
            return
        for message in messages:
            self._take(message)

    def hold_to_limits(self) -> None:
        """End a job that takes too long or holds too much, with its worker, and go on with the next."""
        if self._process is None:
            return
        seconds, most = self._limits.seconds, self._limits.memory
        if time.monotonic() - self._started > seconds:
            doing = "job" if self._imported else "import"
            self._replace("hung", f"the {doing} was not over after {seconds:.0f} s")
        elif most and self._child and (held := resident(self._child)) > most:
            self._replace("out of memory", f"it held {held / GIB:.1f} GiB, and {most / GIB:g} GiB are allowed")

    def stop(self) -> int:
        """Kill the worker with its child and return its exit code; safe to call twice."""
        process, self._process = self._process, None
        return process.stop() if process is not None else 0

    def _take(self, message: Message) -> None:
        match message:
            case Ready():
                self._imported, self._started = True, time.monotonic()
            case Started(pid=pid):
                self._child = pid
            case Progress(done=done, total=total):
                self.done, self.total = done, total
            case Done(result=result):
                self._result = result
            case Failed(error=error):
                self._error = error
            case Exited(status=status):
                self._ended(status)

    def _ended(self, status: int) -> None:
        """Judge how the current job's process ended, and send the next job."""
        if status == 0 and self._result is not None:
            self._end("finished", "", self._result)
        else:
            job = self._waiting[0]
            killed, half = kernel_kills() > self._kills, job.precision in HALVES
            self._end(*endings.of_status(status, self._error, self._last_lines(job), kernel_killed=killed, half=half))
        if self._waiting:
            self._next()
        else:
            self.stop()

    def _lost(self) -> None:
        """Account for a worker that is gone: without its import no job can run, else the others get a new worker."""
        code = self.stop()
        if code < 0:
            outcome, cause = endings.of_signal(-code, kernel_killed=kernel_kills() > self._kills)
        else:
            outcome, cause = "crashed" if self._imported else "failed", f"the worker ended with exit code {code}"
        if self._imported:
            self._end(outcome, cause)
            self._restart()
            return
        while self._waiting:
            self._end(outcome, f"importing {self.lane.framework} failed: {cause}")

    def _replace(self, outcome: Outcome, cause: str) -> None:
        self.stop()
        self._end(outcome, cause)
        self._restart()

    def _restart(self) -> None:
        if self._waiting:
            self.start()

    def _next(self) -> None:
        self._result, self._error, self._child = None, "", 0
        self.done = self.total = 0
        self._kills = kernel_kills()
        self._started = time.monotonic()
        if self._process is not None:
            self._log = self._process.log
            self._process.send(self._waiting[0])

    def _end(self, outcome: Outcome, cause: str, result: Result | None = None) -> None:
        job = self._waiting.popleft()
        seconds = round(time.monotonic() - self._started, 3)
        log = () if outcome == "finished" else self._last_lines(job)
        self.runs.append(Run(job=job, outcome=outcome, seconds=seconds, result=result, cause=cause, log=log))

    def _last_lines(self, job: Job) -> tuple[str, ...]:
        paper = next((path for path in (Path(job.log), self._log) if path.exists()), None)
        if paper is None:
            return ()
        with paper.open("rb") as file:
            file.seek(max(0, paper.stat().st_size - 4096))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:])
