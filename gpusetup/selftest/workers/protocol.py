"""The messages from a worker to the engine: one JSON object per line on a dedicated pipe, validated here."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gpusetup.selftest.model import Result
from gpusetup.value import Value


class Ready(Value, tag=True):
    """The framework is imported; it took `seconds`."""

    seconds: float


class Started(Value, tag=True):
    """The current job runs in the process `pid`."""

    pid: int


class Progress(Value, tag=True):
    """`done` of `total` steps of the current job are complete."""

    done: int
    total: int


class Began(Value, tag=True):
    """The current job is about to run this case; a crash that follows is the case's."""

    case: str


class Done(Value, tag=True):
    """The current job has finished with this result."""

    result: Result


class Failed(Value, tag=True):
    """The current job raised; `error` is the exception in one line."""

    error: str


class Exited(Value, tag=True):
    """The process of the current job has ended with this wait status."""

    status: int


Message: TypeAlias = Ready | Started | Progress | Began | Done | Failed | Exited


class Reader:
    """Cuts the bytes of a pipe into messages."""

    def __init__(self) -> None:
        self.taken = 0
        """Bytes received so far."""
        self._rest: list[bytes] = []
        self._decode = msgspec.json.Decoder(Message).decode

    def feed(self, chunk: bytes) -> list[Message]:
        """Return the messages that `chunk` completes.

        A worker that is killed while it writes leaves a partial line, and a job may write to every descriptor that it
        inherits. Lines that are no message are dropped; a result lost that way is noticed when the job exits.
        """
        self.taken += len(chunk)
        self._rest.append(chunk)
        if b"\n" not in chunk:  # join the pieces of a long message once, when it is complete
            return []
        *lines, rest = b"".join(self._rest).split(b"\n")
        self._rest = [rest]
        messages = []
        for line in filter(None, lines):
            try:
                messages.append(self._decode(line))
            except msgspec.MsgspecError:
                continue
        return messages
