"""What a worker's forked child does before and after its work; the parent never loads what is imported here."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
from collections.abc import Callable

from gpusetup.devnull import open_nowhere
from gpusetup.machine.worker import Channel

PR_SET_PDEATHSIG = 1
STDERR = 2
ROOM = 1 << 20
"""Bytes that the pipe should hold, so that the child need not wait for a parent that has other things to do."""
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def live(work: Callable[[Channel], None], write_end: int) -> None:
    """Do the work and say how it went."""
    if write_end <= STDERR:  # we were started with a standard stream closed, and the pipe has its number
        write_end = fcntl.fcntl(write_end, fcntl.F_DUPFD_CLOEXEC, STDERR + 1)
    tell = Channel(write_end)
    try:
        die_with_parent()
        for number in (signal.SIGINT, *CRASHES):  # no handler of the parent's has anything to say here
            signal.signal(number, signal.SIG_DFL)
        with contextlib.suppress(OSError):  # this user has too many of them
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, ROOM)
        # what a library prints belongs in neither our result nor our conversation
        nowhere = open_nowhere()
        for stream in range(3):
            os.dup2(nowhere, stream)
        work(tell)
        tell("done")
    except BaseException as error:
        with contextlib.suppress(OSError):  # the parent has left: there is nobody to tell
            tell("fault", f"{type(error).__name__}: {error}"[:500])


def die_with_parent() -> None:
    """Ask the kernel to end us when the parent is killed: a call that hangs would keep us here for ever."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
