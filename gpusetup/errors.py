"""Every error a user can meet: what to say, what to do about it, and the exit code.

Raise one of these for anything that is the user's to mend; anything else that escapes is a fault of gpusetup and
is reported as such. Exit codes (``docs/architecture.md`` has the table):

====  ==========================================================================
   0  fine
   1  problems found at or above ``--fail-on``
   2  wrong usage, an input that cannot be read, or an output that cannot be written
   3  a required check could not look (UNKNOWN)
   4  refused: no compatible stack, or unsafe
   5  something that is needed is not installed
   6  a step of a recipe failed
   7  reboot, then give the same command again
  70  a fault of gpusetup itself
 130  interrupted
 141  whoever read the output has left
====  ==========================================================================
"""

from __future__ import annotations

EXIT_FINE = 0
EXIT_PROBLEMS = 1
EXIT_REBOOT = 7
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141  # as a shell says of SIGPIPE
EXIT_FAULT = 70  # EX_SOFTWARE: a fault of gpusetup itself


class GpusetupError(Exception):
    """Base: `message` says what was wrong and where, `remedy` what to do. Each one sentence, no full stop needed."""

    exit_code = EXIT_FAULT

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class WrongInputError(GpusetupError):
    """An option, a name or a file that cannot be understood."""

    exit_code = 2


class CannotLookError(GpusetupError):
    """A check that was required could not be made, so nothing is known."""

    exit_code = 3


class RefusedError(GpusetupError):
    """No compatible stack exists for this request, or doing it would not be safe."""

    exit_code = 4


class MissingError(GpusetupError):
    """A program or an optional dependency that this command needs is not installed."""

    exit_code = 5


class StepFailedError(GpusetupError):
    """A recipe step was run and its check still says it is not done."""

    exit_code = 6
