"""One worker process: how it is started, sent jobs, heard, and ended with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import msgspec

from gpusetup.content_dirs import content_root
from gpusetup.selftest.protocol import Message, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gpusetup.selftest.model import Job


class WorkerProcess:
    """A worker under `python` that has `framework`; `pipe` is what to wait on, `log` where it writes."""

    def __init__(
        self, python: str, framework: str, folders: Sequence[Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        self.pipe, theirs = os.pipe()
        self._reader = Reader()
        script = content_root() / "checks" / "common" / "worker.py"
        try:
            with log.open("wb") as paper:
                self._process = subprocess.Popen(
                    [python, "-P", str(script), str(theirs), framework, *map(str, folders)],
                    stdin=subprocess.PIPE,
                    stdout=paper,
                    stderr=paper,
                    pass_fds=[theirs],
                    env=environment,
                    start_new_session=True,
                )
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        """Return the process it is."""
        return self._process.pid

    @property
    def said(self) -> int:
        """Return how many bytes it has said since it was started."""
        return self._reader.taken

    def send(self, job: Job) -> None:
        """Give it a job; when it is gone already, the end of its pipe tells how."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            self._process.stdin.flush()

    def read(self) -> list[Message] | None:
        """Return what it has said, or None at the end of its pipe, which is its own end."""
        chunk = os.read(self.pipe, 1 << 16)
        return self._reader.feed(chunk) if chunk else None

    def stop(self) -> int:
        """Kill it with its children, close what leads to it, and return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # a job that it died without reading
            self._process.stdin.close()
        os.close(self.pipe)
        return code
