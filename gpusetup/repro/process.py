"""One run of the command as a process: its output, its time limit, its end, and that of its children."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gpusetup.errors import MissingError

OFTEN = 0.02
"""Seconds between two looks at what a run has written so far."""
STDIN = "/proc/self/fd/0"


class Run(NamedTuple):
    """What is run: the words, the folder, the variables, and the folder that keeps what it prints."""

    words: Sequence[str]
    work: Path
    environment: dict[str, str]
    kept: Path

    def whole(self, limit: float) -> int | None:
        """Run it to its end, and return the exit code, None when it takes longer than `limit` seconds.

        The code is minus the number of the signal that ended it. All its processes have ended when this returns.
        """
        return finish(self._start(), limit)

    def interrupted(self, wrote: Callable[[], bool], seconds: float | None, whole: float) -> float | None:
        """Run it and kill it so many seconds after its first writing; None where that was done.

        `wrote` says whether it has written a file yet, `whole` is how long a run took that was not interrupted; without
        `seconds`, it is killed half way to there. Returns the seconds from its first writing to its end where it ends
        before, infinity where it writes nothing.
        """
        process, begin = self._start(), time.monotonic()
        try:
            while not wrote():
                if _ends(process, max(OFTEN, whole / 100)):
                    return math.inf
            first = time.monotonic()
            wait = max(0.0, begin + whole - first) / 2 if seconds is None else seconds
            return time.monotonic() - first if _ends(process, wait) else None
        finally:
            end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.kept / "stdout").open("ab") as out, (self.kept / "stderr").open("ab") as err, _stdin() as given:
            try:
                return subprocess.Popen(
                    self.words, cwd=self.work, env=self.environment, stdin=given, stdout=out, stderr=err,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise MissingError(f"cannot run {self.words[0]}: {error.strerror}") from error


def _ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Say whether the process ends within these seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stdin() -> contextlib.AbstractContextManager[BinaryIO]:
    """Return what a run reads: our own standard input from its start where that is a file, nothing otherwise.

    A pipe can be read once only, and a terminal would wait for a person.
    """
    try:
        if stat.S_ISREG(os.fstat(0).st_mode):
            return Path(STDIN).open("rb")
    except OSError:  # closed
        pass
    return Path(os.devnull).open("rb")


def finish(process: subprocess.Popen[bytes], limit: float) -> int | None:
    """Wait for the end of a run, and return its exit code, None when it takes longer than `limit` seconds."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a run: its children too, which would write into the next one's folder."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended, or are another user's now
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
