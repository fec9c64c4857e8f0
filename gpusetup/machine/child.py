"""What a worker's forked child does before and after its work; the parent never imports this module."""

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
"""Size of the pipe in bytes, so that the child need not wait while the parent is busy."""
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def live(work: Callable[[Channel], None], write_end: int) -> None:
    """Do the work and say how it went."""
    if write_end <= STDERR:  # we were started with a standard stream closed, and the pipe has its number
        write_end = fcntl.fcntl(write_end, fcntl.F_DUPFD_CLOEXEC, STDERR + 1)
    tell = Channel(write_end)
    try:
        die_with_parent()
        leave_at_exit()
        for number in (signal.SIGINT, *CRASHES):  # the parent's handlers must not run in the child
            if signal.getsignal(number) != signal.SIG_IGN:  # what the parent ignores is not for its child either
                signal.signal(number, signal.SIG_DFL)
        with contextlib.suppress(OSError):  # the user's limit of pipe memory is reached
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, ROOM)
        # the output of a library belongs neither on stdout nor on stderr
        nowhere = open_nowhere()
        for stream in range(3):
            os.dup2(nowhere, stream)
        work(tell)
        tell("done")
    except BaseException as error:
        with contextlib.suppress(OSError):  # the parent has ended
            tell("fault", f"{type(error).__name__}: {error}"[:500])


def die_with_parent() -> None:
    """Ask the kernel to kill this process with its parent: a hanging call would keep it alive for ever."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_at_exit() -> None:
    """Have a library that calls ``exit`` end this process at once, as `live_as_child` does.

    The handlers of the parent's libraries came along with the fork, the threads they wait for did not: those of a math
    library that the parent has loaded may never return. The last handler registered runs first (on_exit(3)).
    """
    libc = ctypes.CDLL(None)
    with contextlib.suppress(AttributeError):  # musl has none, and no NVIDIA driver
        libc.on_exit(libc._exit, None)
