"""One worker process: start it, send it jobs, read its messages, and end it with all its children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import msgspec

from gpusetup.content_dirs import content_root
from gpusetup.selftest.workers.protocol import Message, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gpusetup.selftest.model import Job


class WorkerProcess:
    """A worker under an interpreter that has `framework`; wait on `pipe`, its output goes to the file `log`."""

    def __init__(
        self, python: str, framework: str, folders: Sequence[Path], environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        self.pipe, theirs = os.pipe()
        self._reader = Reader()
        script = content_root() / "checks" / "common" / "worker.py"
        try:
            with log.open("wb") as output:
                # -P: no file of the working directory may shadow a module; the messages have a pipe of their own, so
                # that nothing a framework prints can be mistaken for one
                self._process = subprocess.Popen(
                    [python, "-P", str(script), str(theirs), framework, *map(str, folders)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=[theirs],
                    env=environment,
                    start_new_session=True,  # a process group to kill as a whole, out of reach of the terminal's Ctrl-C
                )
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def said(self) -> int:
        """Return how many bytes of messages it has sent since it was started."""
        return self._reader.taken

    def send(self, job: Job) -> None:
        """Send it a job. If it has died already, the end of its pipe reports that."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            self._process.stdin.flush()

    def read(self) -> list[Message] | None:
        """Return its new messages, or None at the end of its pipe, which means that it has ended."""
        chunk = os.read(self.pipe, 1 << 16)
        return self._reader.feed(chunk) if chunk else None

    def stop(self) -> int:
        """Kill it with its children, close its pipes, and return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died before it read its job
            self._process.stdin.close()
        os.close(self.pipe)
        return code
