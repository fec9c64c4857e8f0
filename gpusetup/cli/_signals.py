"""Termination signals: SIGTERM and SIGHUP unwind the program like Ctrl-C, so that nothing is left behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextmanager
def unwinding() -> Iterator[None]:
    """Let the first of these signals run every ``finally`` block; further ones do not interrupt that.

    A signal that is ignored stays ignored (``nohup``, a shell's background jobs). The exit code is 128 plus the number
    of the signal, as in a shell; Ctrl-C raises `KeyboardInterrupt`.
    """
    before = {number: signal.getsignal(number) for number in _ENDING}
    mine = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for other in mine:
            signal.signal(other, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    for number in mine:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
