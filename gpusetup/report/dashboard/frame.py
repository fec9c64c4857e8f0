"""What the process that examines sends to the one that shows: one message a line, as JSON."""

from __future__ import annotations

from gpusetup.doctor.finding import Report
from gpusetup.doctor.outcome.comparison import FindingChange
from gpusetup.machine.model import Machine
from gpusetup.value import Value


class Frame(Value):
    """One examination, what changed since the one before, and the exit code that it stands for."""

    at: str
    """Local time of day."""
    machine: Machine
    report: Report
    changes: tuple[FindingChange, ...] = ()
    """Everything that is wrong, in the first."""
    code: int = 0


class Failure(Value):
    """The machine can be read no longer: the error, as the command ends with it."""

    message: str
    remedy: str = ""
    code: int = 2


class Message(Value):
    """A line: an examination, a failure, or neither, which says that the machine is being read now."""

    frame: Frame | None = None
    failure: Failure | None = None
