"""Being told to end: SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that nothing is left behind."""

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
    """Let the first of these signals run every ``finally`` on the way out; more of them do not disturb that.

    What is ignored stays so (``nohup``, a shell's background jobs). The exit code is 128 + the signal's number, as a
    shell has it; for Ctrl-C it is what every command makes of a `KeyboardInterrupt`.
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
