"""One lane at work: a worker process, the job it is on, and what became of each."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.content import content_root
from gpusetup.selftest.model import Outcome, Result, Run
from gpusetup.selftest.plan import environment
from gpusetup.selftest.protocol import Done, Exited, Failed, Message, Progress, Reader, Ready

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Job
    from gpusetup.selftest.plan import Lane

_LOG_LINES = 12


class LaneWorker:
    """Runs a lane's jobs in order. A worker that dies is replaced for the jobs that are left; so it always ends.

    `pipe` is what to wait on; it changes when the worker is replaced. `runs` fills as jobs end.
    """

    def __init__(self, lane: Lane, folders: Sequence[Path], deadline: float) -> None:
        self.lane = lane
        self.runs: list[Run] = []
        self.done, self.total = 0, 0
        self.pipe = -1
        self._folders = folders
        self._deadline = deadline
        self._waiting = deque(lane.jobs)
        self._process: subprocess.Popen[bytes] | None = None
        self._imported = False
        self._result: Result | None = None
        self._error = ""

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

    @property
    def seconds_left(self) -> float:
        """Return how long the current job (or the import) may still take."""
        return self._started + self._deadline - time.monotonic()

    def start(self) -> None:
        """Start a worker for the waiting jobs; the first one is sent along."""
        self.pipe, theirs = os.pipe()
        self._reader, self._imported = Reader(), False
        log = Path(self._waiting[0].log).with_suffix(".worker.log")
        script = content_root() / "checks" / "common" / "worker.py"
        with log.open("wb") as paper:
            self._process = subprocess.Popen(
                [self.lane.python, "-P", str(script), str(theirs), self.lane.framework, *map(str, self._folders)],
                stdin=subprocess.PIPE,
                stdout=paper,
                stderr=paper,
                pass_fds=[theirs],
                env=environment(self.lane, self._waiting[0].threads),
                start_new_session=True,
            )
        os.close(theirs)
        self._worker_log = log
        self._next()

    def read(self) -> None:
        """Take what the worker has said; the end of its pipe is the end of the worker."""
        chunk = os.read(self.pipe, 1 << 16)
        if not chunk:
            self._lost()
            return
        for message in self._reader.feed(chunk):
            self._take(message)

    def expire(self) -> None:
        """End the worker, whose current job took too long, and go on with the next job."""
        self.stop()
        doing = "job" if self._imported else "import"
        self._end("hung", f"the {doing} was not over after {self._deadline:.0f} s")
        self._restart()

    def stop(self) -> None:
        """Kill the worker with its child and close the pipe; safe to call twice."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # a job that it died without reading
                self._process.stdin.close()
        os.close(self.pipe)
        self._process, self.pipe = None, -1

    def _take(self, message: Message) -> None:
        match message:
            case Ready():
                self._imported, self._started = True, time.monotonic()
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
        if os.WIFSIGNALED(status):
            self._end("crashed", name_signal(os.WTERMSIG(status)))
        elif self._result is not None:
            self._end("finished", "", self._result)
        else:
            self._end("failed", self._error or f"it ended with exit code {os.WEXITSTATUS(status)} and no result")
        if self._waiting:
            self._next()
        else:
            self.stop()

    def _lost(self) -> None:
        """Account for a worker that is gone: without its import no job can run, else the others get a new worker."""
        process = self._process
        self.stop()
        code = process.returncode if process is not None else 0
        cause = name_signal(-code) if code < 0 else f"the worker ended with exit code {code}"
        if self._imported:
            self._end("crashed", cause)
            self._restart()
            return
        while self._waiting:
            self._end("crashed" if code < 0 else "failed", f"importing {self.lane.framework} failed: {cause}")

    def _restart(self) -> None:
        if self._waiting:
            self.start()

    def _next(self) -> None:
        self._result, self._error = None, ""
        self.done = self.total = 0
        self._started = time.monotonic()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it is gone already; the end of its pipe tells how
                self._process.stdin.write(msgspec.json.encode(self._waiting[0]) + b"\n")
                self._process.stdin.flush()

    def _end(self, outcome: Outcome, cause: str, result: Result | None = None) -> None:
        job = self._waiting.popleft()
        seconds = time.monotonic() - self._started
        log = () if outcome == "finished" else self._last_lines(job)
        self.runs.append(Run(job=job, outcome=outcome, seconds=seconds, result=result, cause=cause, log=log))

    def _last_lines(self, job: Job) -> tuple[str, ...]:
        paper = next((path for path in (Path(job.log), self._worker_log) if path.exists()), None)
        if paper is None:
            return ()
        with paper.open("rb") as file:
            file.seek(max(0, paper.stat().st_size - 4096))
            return tuple(file.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:])


def name_signal(number: int) -> str:
    """Return ``killed by SIGSEGV (Segmentation fault)``; SIGKILL out of nowhere is nearly always the memory."""
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    text = "likely out of memory" if number == signal.SIGKILL else signal.strsignal(number)
    return f"killed by {name} ({text})"
