"""A forked child that makes calls which may hang or crash, and announces each call before making it.

The child writes one JSON line before every call (``["call", name]``) and one for every answer. When a call never
returns or takes the process with it, the parent still has everything that was read before, and the name of the call.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

REAP_SECONDS = 0.2
"""Seconds to wait for a killed child; one in uninterruptible sleep inside the driver cannot die and is abandoned."""

DONE = b'["done"]\n'
"""The last line of a child that did all its work. A grandchild that never ends may still have the pipe open."""

FETCH_SECONDS = 0.02
"""Seconds between two reads from a working child; short enough that a full pipe does not delay it for long."""

MOST = 32 << 20
"""Maximum bytes from a child; the answers for sixty-four GPUs are less than 1 MiB."""


class Channel:
    """Writes JSON lines to the parent; `pipe` is for a child that becomes another program and writes there itself.

    Answers are buffered until the next other line (the next call, or the end) and written together with it, so that
    they have been sent before anything can end this process.
    """

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self._answers: list[bytes] = []

    def __call__(self, *line: Any) -> None:
        """Send `line`."""
        self._answers.append(msgspec.json.encode(line) + b"\n")
        if line[0] != "read":
            text = b"".join(self._answers)
            self._answers.clear()
            while text:
                text = text[os.write(self.pipe, text) :]


class WorkerExit(msgspec.Struct, frozen=True):
    """What the child sent before it ended: its ``read`` lines, the last call it began, and how it ended."""

    lines: list[list[Any]]
    last_call: str
    ended: str
    """``fine``, ``timeout`` or ``crash``."""
    detail: str


class Worker:
    """Runs `work(channel)` in a forked child; `wait` collects the outcome within the deadline."""

    def __init__(self, work: Callable[[Channel], None], deadline: float) -> None:
        self._end = time.monotonic() + deadline
        self._deadline = deadline
        self._pipe, write_end = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._pipe)
            os.close(write_end)
            raise
        if self._pid == 0:
            os.close(self._pipe)
            live_as_child(work, write_end)
        os.close(write_end)

    def wait(self) -> WorkerExit:
        """Return what the child sent, at the latest when the deadline has passed."""
        raw, finished = self._drain()
        flooded = len(raw) > MOST
        # A child that closed its end is given the time to exit by itself, so that its status tells how: a moment where
        # it has said that it is done, else all that is left. One that crashed closes its files in the order of their
        # numbers, the pipe before the driver's nodes, whose release can take long.
        longest = REAP_SECONDS if raw.endswith(DONE) else max(REAP_SECONDS, self._end - time.monotonic())
        status = self._reap(kill=not finished or flooded, longest=longest)
        lines = [] if flooded else [line for line in decode_lines(raw.rpartition(b"\n")[0]) if line]
        calls = [str(line[1]) for line in lines if line[0] == "call" and len(line) > 1]
        ended, detail = ("fine", "") if ["done"] in lines else _ending(finished, status, lines)
        if flooded:
            ended, detail = "crash", f"it sent more than {MOST >> 20} MiB"
        elif ended == "timeout":
            detail = f"no answer within {self._deadline:g} s"
        return WorkerExit([line for line in lines if line[0] == "read"], calls[-1] if calls else "", ended, detail)

    def abandon(self) -> None:
        """End the child without reading from it; does nothing after `wait`."""
        if self._pipe >= 0:
            self._close()
            self._reap(kill=True)

    def _close(self) -> None:
        os.close(self._pipe)
        self._pipe = -1

    def _drain(self) -> tuple[bytes, bool]:
        """Read until the child is done or closes its end (True), or it is too late or sends too much (False).

        Only the child's end wakes the parent at once; lines are read a few times a second. Waking up for each of a
        thousand lines would cost more than processing them.
        """
        told = bytearray()
        os.set_blocking(self._pipe, False)
        poll = select.poll()
        # no events: POLLHUP and POLLERR are reported all the same (poll(2))
        poll.register(self._pipe, 0)
        try:
            while True:
                left = max(0.0, self._end - time.monotonic())
                ended = poll.poll(int(min(left, FETCH_SECONDS) * 1000))
                with contextlib.suppress(BlockingIOError):
                    while len(told) <= MOST and (piece := os.read(self._pipe, 1 << 20)):
                        told += piece
                done = bool(ended) or told.endswith(DONE)
                if done or not left or len(told) > MOST:
                    return bytes(told), done
        finally:
            self._close()

    def _reap(self, *, kill: bool, longest: float = REAP_SECONDS) -> int | None:
        """Return the child's wait status, None when it did not end in time; 0 where the kernel reaps for us."""
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            status = None if kill else self._status(longest)
            if status is not None:
                return status
            import signal  # its enums take 0.7 ms, and a child that ends well needs none

            os.kill(self._pid, signal.SIGKILL)
            killed = self._status()
            return killed if kill else None
        return 0  # SIGCHLD is ignored, so that the kernel reaps children

    def _status(self, longest: float = REAP_SECONDS) -> int | None:
        """Return the wait status of the child, None while it runs, at the latest after `longest` seconds."""
        end = time.monotonic() + longest
        while time.monotonic() <= end:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.001)
        return None


def live_as_child(work: Callable[[Channel], None], write_end: int) -> NoReturn:
    """Do the work and leave without running anything of the parent's."""
    try:
        from gpusetup.machine.child import live  # in the child alone

        live(work, write_end)
    finally:
        # not sys.exit: the parent's handlers and buffers are not the child's to run
        os._exit(0)


def decode_lines(raw: bytes) -> list[list[Any]]:
    """Return the lines that a child told; what is no such line is left out."""
    decoder = msgspec.json.Decoder(list[Any])
    try:
        return decoder.decode_lines(raw)
    except (
        msgspec.DecodeError,
        RecursionError,
    ):  # the library wrote into the pipe; its lines are not trusted
        return [line for part in raw.split(b"\n") for line in _decode_one(decoder, part)]


def _decode_one(decoder: msgspec.json.Decoder[list[Any]], line: bytes) -> list[list[Any]]:
    try:
        return [decoder.decode(line)]
    except (msgspec.DecodeError, RecursionError):
        return []


def _ending(finished: bool, status: int | None, lines: list[list[Any]]) -> tuple[str, str]:
    if not finished or status is None:
        return "timeout", ""
    if os.WIFSIGNALED(status):
        import signal  # as above

        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return "crash", f"the process was ended by {name}"
    faults = [str(line[1]) for line in lines if line[0] == "fault"]
    return "crash", faults[-1] if faults else f"the process ended by itself with status {os.WEXITSTATUS(status)}"
