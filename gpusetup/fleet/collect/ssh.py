"""Asks one host over ssh, by asyncssh: its host key has to be known, and time and size have bounds.

asyncssh and not the program ssh: hundreds of connections in one process, without one for each, and errors as values. It
takes keys, agent, users, ports and jump hosts from the user's own ``~/.ssh/config``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from gpusetup.errors import MissingError
from gpusetup.fleet.collect.model import Collected, Target, Wanted
from gpusetup.fleet.collect.questions import Question, answer, questions
from gpusetup.fleet.decode import Refused
from gpusetup.text import neutral

if TYPE_CHECKING:
    import asyncssh

_CHUNK = 1 << 16
_KEPT_OF_ERRORS = 1 << 12
"""Bytes of standard error that are kept: the last ones say why."""
_ENVELOPE = 1 << 13
"""Bytes of a line beside what the host sent: a line that is longer than `gpusetup fleet` reads would be lost."""
_KEEPALIVE = 5.0
"""Seconds between two signs of life that are asked for; three without an answer end the connection."""


class _TooMuchError(Exception):
    """The host sent more than it may."""


def require_asyncssh() -> None:
    """Raise `MissingError` unless asyncssh can be imported."""
    try:
        import asyncssh  # noqa: F401
    except ImportError as error:
        raise MissingError("asyncssh is not installed", "python -m pip install 'gpusetup[fleet]'") from error


async def ask(target: Target, wanted: Wanted) -> Collected:
    """Return what the host answered; whatever happens is an error of this host, with what had come before."""
    parts: dict[str, bytes] = {}
    doing = ["ssh did not connect"]
    try:
        async with asyncio.timeout(wanted.deadline):
            error = await _ask(target, wanted, parts, doing)
    except TimeoutError:
        error = f"{doing[-1]} within {wanted.deadline:g} s"
    except Exception as fault:  # asyncssh hands on whatever a strange server made it raise
        error = f"ssh ended in an unexpected way: {type(fault).__name__}: {_said(fault)}"
    return Collected(target.name, parts, neutral(error)[:500])


async def _ask(target: Target, wanted: Wanted, parts: dict[str, bytes], doing: list[str]) -> str:
    import asyncssh

    try:
        connection = await asyncssh.connect(target.address, **_options(target, wanted))
    except (OSError, asyncssh.Error, ValueError) as error:
        return f"ssh cannot connect: {_said(error)}"
    try:
        room = wanted.most - _ENVELOPE
        for question in questions(wanted):
            doing.append(f"{question.command} did not end")
            found, used = await _answer(connection, question, room)
            if isinstance(found, Refused):
                return found.why
            parts[question.field] = found
            room -= used
    except _TooMuchError:
        return f"it sent more than {wanted.most >> 20} MiB, and was cut off"
    except (OSError, asyncssh.Error) as error:
        return f"the connection ended while {doing[-1].removesuffix(' did not end')} ran: {_said(error)}"
    finally:
        connection.abort()  # a host that hangs is not waited for
    return ""


def _options(target: Target, wanted: Wanted) -> dict[str, Any]:
    given = {
        "username": target.user,
        "port": target.port,
        "known_hosts": wanted.known_hosts,
        "client_keys": [wanted.identity] if wanted.identity else [],
    }
    return {"keepalive_interval": _KEEPALIVE} | {name: value for name, value in given.items() if value}


async def _answer(
    connection: asyncssh.SSHClientConnection, question: Question, room: int
) -> tuple[bytes | Refused, int]:
    """Run one command; return its document, or why there is none, and how many bytes came."""
    import asyncssh

    process = await connection.create_process(question.command, stdin=asyncssh.DEVNULL, encoding=None)
    out, err = await asyncio.gather(_whole(process.stdout, room), _end(process.stderr, room))
    await process.wait_closed()
    signalled = process.exit_signal is not None
    if not signalled and process.exit_status is None:
        raise asyncssh.ConnectionLost("no exit status was sent")
    return answer(question, None if signalled else process.exit_status, out, err), len(out)


async def _whole(stream: asyncssh.SSHReader[bytes], most: int) -> bytes:
    found = bytearray()
    while piece := await stream.read(_CHUNK):
        found += piece
        if len(found) > most:
            raise _TooMuchError
    return bytes(found)


async def _end(stream: asyncssh.SSHReader[bytes], most: int) -> bytes:
    kept, size = b"", 0
    while piece := await stream.read(_CHUNK):
        kept = (kept + piece)[-_KEPT_OF_ERRORS:]
        size += len(piece)
        if size > most:
            raise _TooMuchError
    return kept


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
