"""Reads a host, in a child process where it may be hostile, or where the caller has something to do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from gpusetup.errors import CannotLookError, GpusetupError, WrongInputError
from gpusetup.machine.budget import MEMORY, ExceededError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.nvml.client import NvmlClient
from gpusetup.machine.worker import Channel, Worker, WorkerExit

SECONDS = 120.0
"""Wall time for everything but the driver: a file system can be slow, or hang."""
PROCESSOR_SECONDS = 60
"""For a host that is a folder."""


def read_whole(host: Host, deadline: float, library: str, step: Callable[[str], object] = len) -> Machine:
    """Return `host`, read by this process; its driver gets `deadline` seconds. `step` is called before each topic."""
    question = NvmlClient(host, deadline, library)
    try:
        if host.confined:
            from gpusetup.machine.sandbox import limit

            limit(MEMORY, PROCESSOR_SECONDS)  # of this process, not of the one that asks the driver
        from gpusetup.machine.without_driver import read_beside  # imported while the driver is being read

        return read_beside(host, question.answer, step)
    finally:
        question.abandon()


class Reader:
    """Reads `host` in a child, at once; `machine` waits for it.

    A host that is a folder is read with limits of memory and time. Where no process can be started, the live host is
    read by this one as soon as it is asked for.
    """

    def __init__(self, host: Host, deadline: float, library: str) -> None:
        self._host = host
        self._here = partial(read_whole, host, deadline, library)
        self._worker: Worker | None = None
        try:
            self._worker = Worker(partial(_read, host.root, deadline, library), SECONDS + deadline)
        except OSError as error:
            if not host.live:
                raise CannotLookError(f"no process can be started to read {host.root}: {error.strerror}") from error

    def machine(self) -> Machine:
        """Return the machine; raises `WrongInputError` for a folder or `CannotLookError`, which name the topic."""
        if self._worker is None:
            return self._here()
        msgspec.json.Decoder(Machine)  # looks at each field of each type, 2 ms: done while the child reads
        return _machine(self._host, self._worker.wait())

    def abandon(self) -> None:
        """End the child if it is still there."""
        if self._worker is not None:
            self._worker.abandon()


def _read(root: str, deadline: float, library: str, send: Channel) -> None:
    """Read the host below `root`, and send the machine, or why it cannot be read."""
    host = Host(root)
    host.confined = not host.live
    topics = ["the start"]

    def step(topic: str) -> None:
        topics.append(topic)
        send("call", topic)

    try:
        result: tuple[Any, ...] = ("machine", read_whole(host, deadline, library, step))
    except MemoryError:
        result = ("exceeded", topics[-1], f"{MEMORY >> 20} MiB of memory" if host.confined else "what memory there is")
    except ExceededError:
        result = ("exceeded", topics[-1], f"{PROCESSOR_SECONDS} s of processor time")
    except Exception:  # a bug: the parent reports it
        import traceback  # 3 ms, for no one as a rule

        result = ("fault", traceback.format_exc())
    send("read", *result)


def _machine(host: Host, outcome: WorkerExit) -> Machine:
    match outcome.lines:
        case [["read", "machine", result]]:
            return msgspec.convert(result, Machine)
        case [["read", "exceeded", topic, what]]:
            raise _unreadable(host, f"{topic} exceeded {what}")
        case [["read", "fault", trace]]:
            raise RuntimeError(f"reading {host.root} failed:\n{trace}")
    why = outcome.detail or "no answer"
    raise _unreadable(host, f"reading {outcome.last_call or 'the start'} did not finish ({why})")


def _unreadable(host: Host, why: str) -> GpusetupError:
    if host.live:
        advice = "look for a file system that does not answer (ps -eo pid,stat,wchan,cmd), or for too little memory"
        return CannotLookError(f"cannot read this machine: {why}", advice)
    advice = "remove what is too large or damaged there, or use another folder"
    return WrongInputError(f"cannot read {host.root}: {why}", advice)
