"""Limits of memory and processor time for the process that reads a host that is a folder, which may be hostile."""

from __future__ import annotations

import os
import resource
import signal
from typing import NoReturn

from gpusetup.machine.budget import ExceededError


def limit(memory: int, processor_seconds: int) -> None:
    """Set the soft limits of this process and its later children; hard limits are not changed.

    `memory` is in bytes, and both come on top of what the process has used already.
    """
    signal.signal(signal.SIGPROF, _exceeded)
    signal.signal(signal.SIGXCPU, _exceeded)
    _lower(resource.RLIMIT_AS, _size() + memory)
    _lower(resource.RLIMIT_CPU, int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + processor_seconds)


def _lower(which: int, limit: int) -> None:
    soft, hard = resource.getrlimit(which)
    if soft == resource.RLIM_INFINITY or soft > limit:
        resource.setrlimit(which, (limit, hard))


def _size() -> int:
    """Return the address space of this process in bytes; 1 GiB, an upper bound, where /proc does not report it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 30


def _exceeded(*_: object) -> NoReturn:
    raise ExceededError
