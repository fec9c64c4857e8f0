"""Limits of processor time and memory for one reading of a host that is a folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

T = TypeVar("T")

SECONDS = 10.0
"""Processor time that one reading may take; the longest honest one, a packed module of 100 MB, takes two."""
MEMORY = 512 << 20
"""Bytes that reading a folder may take beside what this process has already."""


class ExceededError(BaseException):
    """The time limit is reached. A `BaseException`, so that no reader handles it as a damaged file."""


def within(host: Host, source: str, read: Callable[[Host], Reading[T]]) -> Reading[T]:
    """Return `read(host)`; for a confined host `failed`, about `source`, if it exceeds its limits.

    The files of the live host are its administrator's, and are read without limits.
    """
    if not host.confined:
        return read(host)
    import signal  # its enums take 0.7 ms

    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return read(host)
    except ExceededError:
        return Unread(unread="failed", source=source, detail=f"exceeded {SECONDS:g} s of processor time")
    except MemoryError:
        return Unread(unread="failed", source=source, detail=f"exceeded {MEMORY >> 20} MiB of memory")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
