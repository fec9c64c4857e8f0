"""Runs the command in forks of one process that has imported it: loading takes most of a short command's time.

How a process of its own starts is not seen by this: files in `COLD` start one for each run.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVER = Path(__file__).with_name("warm_server.py")
COLD = ("test_start_up.py", "test_subcommands.py", "test_command_line.py", "test_console.py", "test_doctor_plugins.py")
"""Files whose tests are about how the command starts, what it imports, or each command as a whole."""
READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_")
"""Beginnings of variables that Python or the C library reads once: with another one the command is really started."""
BLOCK = 1 << 16


class Warm:
    """The process that has the command imported, and runs it one at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, SERVER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._socket, self._lines = ours, ours.makefile("r")
        self._at_start = _read_at_start(dict(os.environ))
        self._counted = 0.0

    def can_run(self, env: dict[str, str]) -> bool:
        """Say whether a process with this environment would start like the one that serves."""
        return _read_at_start(env) == self._at_start

    def run(self, words: list[str], env: dict[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
        """Run the command with `words`, its name first; as `subprocess.run` does, it raises `TimeoutExpired`."""
        pairs = [os.pipe() for _ in range(2)]
        socket.send_fds(self._socket, [b"."], [write for _, write in pairs])
        for _, write in pairs:
            os.close(write)
        self._socket.sendall(json.dumps([words, env, os.getcwd()]).encode() + b"\n")
        pid = int(self._lines.readline())
        late = False
        try:
            output, errors = _read([read for read, _ in pairs], time.monotonic() + timeout)
        except TimeoutError:
            late = True
            os.kill(pid, signal.SIGKILL)
        code, seconds = json.loads(self._lines.readline())
        self._count(seconds)
        if late:
            raise subprocess.TimeoutExpired(words, timeout)
        return subprocess.CompletedProcess(words, code, _text(output), _text(errors))

    def end(self) -> None:
        """Let it end, and wait for that."""
        self._lines.close()
        self._socket.close()
        self._server.wait()
        self._count(-self._counted)  # of it and its children we are told now by the system

    def _count(self, seconds: float) -> None:
        from tests import processor_time  # a plugin, which pytest wants to be the first to import

        self._counted += seconds
        processor_time.elsewhere += seconds


def _read_at_start(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(READ_AT_START)}


def _text(read: bytes) -> str:
    """Return what was printed as `subprocess` gives it: each end of a line is a newline."""
    return read.decode().replace("\r\n", "\n").replace("\r", "\n")


def _read(pipes: list[int], until: float) -> list[bytes]:
    """Return what comes through each of `pipes` up to its end, and close them; raises `TimeoutError`."""
    read = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as waiting, contextlib.ExitStack() as opened:
        for pipe in pipes:
            opened.callback(os.close, pipe)
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                block = os.read(key.fd, BLOCK)
                read[key.fd] += block
                if not block:
                    waiting.unregister(key.fd)
    return [bytes(read[pipe]) for pipe in pipes]
