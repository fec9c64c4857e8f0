"""One reading of a host that is a folder, held to its processor time and memory."""

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
    """The time is over; no handler of a reader's own may take this for a damaged file."""


def within(host: Host, source: str, read: Callable[[Host], Reading[T]]) -> Reading[T]:
    """Return what `read` reads of `host`; of a confined one `failed`, about `source`, when it takes too much.

    What the live host holds is its administrator's, and is read as it is.
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
