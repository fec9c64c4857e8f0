"""Xids as NVML reports them while a machine is watched: no right to read the kernel's log is needed."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Sequence
from functools import partial

from gpusetup.machine.nvml.client import SONAME
from gpusetup.machine.worker import Channel, decode_lines, live_as_child

XidEvent = tuple[str, int]
"""PCI address of the GPU, and the Xid."""
BURST_SECONDS = 0.2
"""How long more events are waited for after the first: one fault makes several Xids."""


class XidListener:
    """Listens in a forked child until `end`; whatever comes meanwhile is kept in the pipe.

    Events are reported from when the child has registered for them, never earlier ones. A library that cannot be
    loaded, or a driver without events, leaves a listener that hears nothing: the examinations say what is wrong with
    them.
    """

    def __init__(self, library: str = SONAME) -> None:
        self._pipe, write_end = os.pipe()
        self._rest = b""
        self._ended = False
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            live_as_child(partial(_listen, library), write_end)
        os.close(write_end)
        os.set_blocking(self._pipe, False)

    def wait(self, seconds: float, others: Sequence[int] = ()) -> tuple[XidEvent, ...]:
        """Return the Xids that came, as soon as there are some, else none after `seconds`.

        It ends early when there is something to read at one of the descriptors `others`.
        """
        end = time.monotonic() + seconds
        while not (heard := self._heard()) and (left := end - time.monotonic()) > 0:
            ready = select.select([*others, *([] if self._ended else [self._pipe])], [], [], left)[0]
            if set(ready) & set(others):
                break
        if heard:
            time.sleep(BURST_SECONDS)
            heard += self._heard()
        return tuple(heard)

    def end(self) -> None:
        """End the child."""
        import signal  # its enums take 0.7 ms

        os.close(self._pipe)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, os.WNOHANG)  # one that sleeps inside the driver cannot die, and is left behind

    def _heard(self) -> list[XidEvent]:
        try:
            raw = os.read(self._pipe, 1 << 20)
        except BlockingIOError:
            return []
        self._ended = not raw
        whole, _, self._rest = (self._rest + raw).rpartition(b"\n")
        return [(str(line[2]), int(line[3])) for line in decode_lines(whole) if line[:2] == ["read", "xid"]]


def _listen(library: str, tell: Channel) -> None:
    from gpusetup.machine.nvml.listen import listen  # ctypes and pynvml load in the child only

    listen(library, tell)
