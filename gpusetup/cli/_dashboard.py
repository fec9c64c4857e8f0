"""``gpusetup doctor watch`` on a terminal: one process examines the machine, this one shows what it sends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from gpusetup.errors import EXIT_FAULT, GpusetupError

if TYPE_CHECKING:
    from gpusetup.cli._watch import Examined
    from gpusetup.report.dashboard.frame import Failure, Message

Examinations = Callable[[int], Iterable["Examined | None"]]
"""Gets a descriptor at which a byte ends the pause; yields None when it begins to read, and what it examined."""
END_SECONDS = 1.0
"""How long the examining process may take to end; one that sleeps inside the driver cannot, and is left behind."""
FROM_WIDTH = 60


def can_show() -> bool:
    """Say whether there is a terminal for a dashboard."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def is_installed() -> bool:
    """Say whether Textual can be found, without loading it."""
    from importlib.util import find_spec

    return find_spec("textual") is not None


def show(examinations: Examinations, seconds: float) -> int:
    """Show the dashboard until the user ends it; return the exit code of the last examination.

    Raises `GpusetupError` where the machine can be read no longer.
    """
    feed = Feed(examinations)  # before Textual is loaded: its threads are no place to fork from
    try:
        from gpusetup.report.dashboard.app import Dashboard

        dashboard = Dashboard(feed.pipe, seconds, feed.ask)
        failure = dashboard.run()
    finally:
        feed.end()
    if failure:
        raise _error(failure)
    return dashboard.code


class Feed:
    """The process that examines: its messages come through `pipe`."""

    def __init__(self, examinations: Examinations) -> None:
        self.pipe, messages = os.pipe()
        control, self._control = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self.pipe)
            os.close(self._control)
            _serve(examinations, messages, control)
        os.close(messages)
        os.close(control)

    def ask(self) -> None:
        """End the pause."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._control, b"r")

    def end(self) -> None:
        """End the process."""
        os.close(self._control)
        os.close(self.pipe)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGTERM)
            end = time.monotonic() + END_SECONDS
            while time.monotonic() < end:
                if os.waitpid(self._pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.01)
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, os.WNOHANG)


def _serve(examinations: Examinations, messages: int, control: int) -> NoReturn:
    """Send what is examined until the other side is gone, as a process of its own with nothing on the terminal."""
    try:
        _leave_terminal()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends a reading as Ctrl-C does, with its children
        with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
            _send_all(examinations, messages, control)
    finally:
        os._exit(0)  # not sys.exit: the parent's handlers and buffers are not the child's to run


def _leave_terminal() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)


def _send_all(examinations: Examinations, messages: int, control: int) -> None:
    from gpusetup.report.dashboard.frame import Failure, Message

    try:
        for one in examinations(control):
            _send(messages, _message(one) if one else Message())
    except GpusetupError as error:
        _send(messages, Message(failure=Failure(message=error.message, remedy=error.remedy, code=error.exit_code)))
    except Exception as error:
        text = f"internal error: {type(error).__name__}: {error}"
        _send(messages, Message(failure=Failure(message=text, code=EXIT_FAULT)))


def _message(one: Examined) -> Message:
    from gpusetup.report.dashboard.frame import Frame, Message

    at = datetime.now().strftime("%H:%M:%S")
    frame = Frame(at=at, machine=one.machine, report=one.report, changes=one.changes, code=one.code)
    return Message(frame=frame)


def _send(pipe: int, message: Message) -> None:
    from gpusetup.value import to_json

    text = to_json(message, indent=-1).encode()
    while text:
        text = text[os.write(pipe, text) :]


def _error(failure: Failure) -> GpusetupError:
    error = GpusetupError(failure.message, failure.remedy)
    error.exit_code = failure.code
    return error
