"""The end of what a program prints: all of it is taken, so that it never waits, and the last of it is kept."""

from __future__ import annotations

import contextlib
import os
import re
import threading

LINES = 8
LINE = 300
KEPT = 1 << 14


class Tail:
    """A pipe whose `entry` a child writes to; whatever it floods, `KEPT` bytes stay in memory."""

    def __init__(self) -> None:
        self._exit, self.entry = os.pipe()
        self._kept = b""
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._ended = False

    def start(self) -> None:
        """Begin to take what comes; no process is to be forked from now on, since a thread does it."""
        self._close_entry()
        self._thread.start()

    def lines(self) -> tuple[str, ...]:
        """Return the last lines, without time stamps and colours; what a child's children still write is left out."""
        self._thread.join(0.2)
        text = self._kept.decode(errors="replace")
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip()[:LINE] for line in text.splitlines()]
        return tuple(line for line in lines if line)[-LINES:]

    def close(self) -> None:
        """Take nothing more: whoever still writes is told so by the system."""
        self._ended = True
        self._close_entry()
        if self._thread.is_alive():
            self._thread.join(1)
        with contextlib.suppress(OSError):
            os.close(self._exit)

    def _close_entry(self) -> None:
        if self.entry >= 0:
            os.close(self.entry)
            self.entry = -1

    def _take(self) -> None:
        import select

        poll = select.poll()
        poll.register(self._exit, select.POLLIN)
        while not self._ended:
            if poll.poll(100):
                piece = os.read(self._exit, 1 << 16)
                if not piece:
                    return
                self._kept = (self._kept + piece)[-KEPT:]
