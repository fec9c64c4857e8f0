"""Run one lane: a worker process, its current job, and the outcome of each job."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.selftest.model import HALVES, Outcome, Result, Run
from gpusetup.selftest.schedule import environment
from gpusetup.selftest.workers import exit_causes
from gpusetup.selftest.workers.crashed_cases import CrashedCases
from gpusetup.selftest.workers.deadline import Deadline
from gpusetup.selftest.workers.memory import GIB, kernel_kills, resident
from gpusetup.selftest.workers.process import WorkerProcess
from gpusetup.selftest.workers.protocol import Began, Done, Exited, Failed, Message, Progress, Ready, Started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Job
    from gpusetup.selftest.schedule import Lane, RunLimits

_LOG_LINES = 12
_OURS = ("checks/common/worker.py", "Extension modules: ")
"""Lines of a stack trace that are in every one, and carry no information."""
_MOST_SAID, _MOST_PRINTED = 64 << 20, 64 << 20
"""Bytes per job of messages and of output: the largest checks send a few MiB, so this is a runaway job."""
_ANSWER = 0.2
"""Seconds for a hung job to print its stack."""


class LaneWorker:
    """Runs a lane's jobs in order. A worker that dies is replaced for the remaining jobs, so a lane always ends.

    `pipe` is what to wait on; it changes when the worker is replaced. `runs` fills as jobs end.
    """

    def __init__(self, lane: Lane, folders: Sequence[Path], limits: RunLimits) -> None:
        self.lane = lane
        self.runs: list[Run] = []
        self.done, self.total = 0, 0
        self._folders, self._limits = folders, limits
        self._waiting = deque(lane.jobs)
        self._process: WorkerProcess | None = None
        self._imported, self._tried = False, False
        self._result: Result | None = None
        self._error, self._case, self._child, self._kills = "", "", 0, 0
        self._crashed = CrashedCases()

    @property
    def pipe(self) -> int:
        """Return the descriptor on which its worker sends messages, or -1."""
        return self._process.pipe if self._process is not None else -1

    @property
    def finished(self) -> bool:
        """True when every job has its run."""
        return len(self.runs) == len(self.lane.jobs)

    @property
    def doing(self) -> str:
        """Return its current activity, for the progress display."""
        if self._process is None:
            return "done" if self.finished else "waiting"
        return self._waiting[0].check if self._imported else "importing"

    def start(self) -> None:
        """Start a worker for the waiting jobs, and send it the first one."""
        job = self._waiting[0]
        log = Path(job.log).with_suffix(".worker.log")
        variables = environment(self.lane, job.threads)
        self._process = WorkerProcess(self.lane.python, self.lane.framework, self._folders, variables, log)
        self._imported = False
        self._next()

    def read(self) -> None:
        """Handle the worker's messages; the end of its pipe means that the worker has ended."""
        messages = self._process.read() if self._process is not None else []
        if messages is None:
            self._lost()
            return
        for message in messages:
            self._take(message)

    def hold_to_limits(self) -> None:
        """End a job that exceeds its time or memory, with its worker, and go on with the next."""
        if self._process is None:
            return
        most = self._limits.memory
        if late := self._deadline.passed():
            self._hung(late)
        elif flood := self._flood():
            self._flooded(flood)
        elif most and self._child and (held := resident(self._child)) > most:
            allowed = f"{most / GIB:g} GiB are allowed (--memory)"
            self._replace("out of memory", f"it used {held / GIB:.1f} GiB, {allowed}")

    def stop(self) -> int:
        """Kill the worker with its child and return its exit code; safe to call twice."""
        process, self._process = self._process, None
        return process.stop() if process is not None else 0

    def _take(self, message: Message) -> None:
        match message:
            case Ready():
                self._imported, self._tried = True, False
                self._watch()
            case Started(pid=pid):
                self._child = pid
            case Progress(done=done, total=total):
                self.done, self.total = done, total
                self._deadline.progress(done)
            case Began(case=case):
                self._case = case
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
            killed, half, log = kernel_kills() > self._kills, job.precision in HALVES, self._last_lines(job)
            outcome, cause = exit_causes.of_status(status, self._error, log, kernel_killed=killed, half=half)
            rest = self._crashed.without(job, self._case, cause, log) if outcome == "crashed" else None
            if rest is not None:
                self._waiting[0] = rest
            else:
                self._end(outcome, cause)
        if self._waiting:
            self._next()
        else:
            self.stop()

    def _lost(self) -> None:
        """Record the end of a worker that has died, and start another for the remaining jobs."""
        code = self.stop()
        if not self._imported and self._error:  # it reported why the framework cannot be imported
            self._not_imported(*exit_causes.of_error(self._error), again=False)
            return
        if code < 0:
            outcome, cause = exit_causes.of_signal(-code, kernel_killed=kernel_kills() > self._kills)
        else:
            outcome, cause = "crashed" if self._imported else "failed", f"the worker ended with exit code {code}"
        if self._imported:
            self._end(outcome, cause)
            self._restart()
        else:
            self._not_imported(outcome, f"importing {self.lane.framework} failed: {cause}", again=code < 0)

    def _hung(self, text: str) -> None:
        if self._imported:
            self._ask_where()
            self._replace("hung", f"the job {text}")
        else:
            self.stop()
            self._not_imported("hung", f"importing {self.lane.framework} {text}", again=True)

    def _flooded(self, text: str) -> None:
        if self._imported:
            self._replace("failed", f"the job {text}")
        else:
            self.stop()
            self._not_imported("failed", f"importing {self.lane.framework} {text}", again=False)

    def _ask_where(self) -> None:
        """Have the job print its stack to its log: the worker registers faulthandler for SIGUSR1."""
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGUSR1)
            time.sleep(_ANSWER)

    def _not_imported(self, outcome: Outcome, cause: str, *, again: bool) -> None:
        """Try the import once more in another worker, since a signal may come from outside; then end all jobs."""
        if again and not self._tried:
            self._tried = True
            self.start()
            return
        while self._waiting:
            self._end(outcome, cause)

    def _replace(self, outcome: Outcome, cause: str) -> None:
        self.stop()
        self._end(outcome, cause)
        self._restart()

    def _restart(self) -> None:
        if self._waiting:
            self.start()

    def _next(self) -> None:
        self._result, self._error, self._case, self._child = None, "", "", 0
        self.done = self.total = 0
        self._kills = kernel_kills()
        if self._process is not None:
            self._log, self._heard = self._process.log, self._process.said
            self._process.send(self._waiting[0])
            self._watch()

    def _watch(self) -> None:
        """Start the clock for the current job, or for the import before it."""
        self._started = time.monotonic()
        if self._process is not None:
            job = self._waiting[0]
            longer = 60 * job.minutes
            self._deadline = Deadline(self._process.pid, self._limits.seconds, job.threads, longer=longer)

    def _flood(self) -> str:
        """Return why the current job has sent or printed too much, or ""."""
        if self._process is not None and self._process.said - self._heard > _MOST_SAID:
            return f"wrote more than {_MOST_SAID >> 20} MiB to the engine's pipe"
        printed = sum(path.stat().st_size for path in {Path(self._waiting[0].log), self._log} if path.exists())
        return f"printed more than {_MOST_PRINTED >> 20} MiB" if printed > _MOST_PRINTED else ""

    def _end(self, outcome: Outcome, cause: str, result: Result | None = None) -> None:
        job = self._waiting.popleft()
        if self._case and outcome not in {"finished", "unsupported"}:
            cause = f"{cause}, in {self._case}"
        result = self._crashed.added_to(result)
        seconds = round(time.monotonic() - self._started, 3)
        log = () if outcome == "finished" else self._last_lines(job)
        self.runs.append(Run(job=job, outcome=outcome, seconds=seconds, result=result, cause=cause, log=log))

    def _last_lines(self, job: Job) -> tuple[str, ...]:
        file = next((path for path in (Path(job.log), self._log) if path.exists()), None)
        if file is None:
            return ()
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 4096))
            lines = stream.read().decode("utf-8", "replace").rstrip().splitlines()
        return tuple(line for line in lines if not any(sign in line for sign in _OURS))[-_LOG_LINES:]
