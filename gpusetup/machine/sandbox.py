"""Reads a host that is a folder, which may be untrusted, in a child process with limits of memory and time."""

from __future__ import annotations

import os
import resource
import signal
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import msgspec

from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.machine.budget import MEMORY, ExceededError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine, Unread
from gpusetup.machine.nvml.client import Nvml, nothing
from gpusetup.machine.without_driver import read_beside
from gpusetup.machine.worker import Channel, Worker, WorkerExit

SECONDS = 120.0
"""Wall time for the whole folder: a file system can be slow, or hang."""
PROCESSOR_SECONDS = 60
ADVICE = "remove what is too large or damaged there, or use another folder"
_NOT_ASKED = Unread(unread="unsupported", source="", detail="asked by another process")


def read_confined(host: Host, answer: Callable[[], Nvml]) -> Machine:
    """Return the host that is a folder, with the driver's answers, if there are any.

    A reading that exceeds its limits is `Unread`. Raises `WrongInputError`, which names the present reading, when the
    folder as a whole exceeds them.
    """
    try:
        worker = Worker(partial(_read, host.root), SECONDS)
    except OSError as error:
        raise CannotLookError(f"no process can be started to read {host.root}: {error.strerror}") from error
    try:
        machine = _machine(host.root, worker.wait())
    finally:
        worker.abandon()
    nvml = answer()
    return msgspec.structs.replace(
        machine, gpus=nvml.gpus, driver=msgspec.structs.replace(machine.driver, **nvml.driver)
    )


def _machine(root: str, outcome: WorkerExit) -> Machine:
    match outcome.lines:
        case [["read", "machine", result]]:
            return msgspec.convert(result, Machine)
        case [["read", "exceeded", topic, what]]:
            raise WrongInputError(f"cannot read {root}:  {topic} there exceeded {what}", ADVICE)
        case [["read", "fault", trace]]:
            raise RuntimeError(f"reading {root} failed:\n{trace}")
    why = outcome.detail or "no answer"
    raise WrongInputError(f"cannot read {root}:  {outcome.last_call or 'the start'} was not finished ({why})", ADVICE)


def _read(root: str, send: Channel) -> None:
    """Read the folder within the limits, and send the machine, or why it cannot be read."""
    topics = ["the start"]

    def step(topic: str) -> None:
        topics.append(topic)
        send("call", topic)

    _limit()
    try:
        machine = read_beside(Host(root, confined=True), partial(nothing, _NOT_ASKED), step)
        result: tuple[Any, ...] = ("machine", machine)
    except MemoryError:
        result = ("exceeded", topics[-1], f"{MEMORY >> 20} MiB of memory")
    except ExceededError:
        result = ("exceeded", topics[-1], f"{PROCESSOR_SECONDS} s of processor time")
    except Exception:  # a bug: the parent reports it
        result = ("fault", traceback.format_exc())
    send("read", *result)


def _limit() -> None:
    """Set the soft limits of this process and its children; hard limits are not changed."""
    signal.signal(signal.SIGPROF, _exceeded)
    signal.signal(signal.SIGXCPU, _exceeded)
    _lower(resource.RLIMIT_AS, _size() + MEMORY)
    _lower(resource.RLIMIT_CPU, int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + PROCESSOR_SECONDS)


def _lower(which: int, limit: int) -> None:
    soft, hard = resource.getrlimit(which)
    if soft == resource.RLIM_INFINITY or soft > limit:
        resource.setrlimit(which, (limit, hard))


def _size() -> int:
    """Return the address space of this process in bytes; 1 GiB, an upper bound, where /proc does not report it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 30


def _exceeded(*_: object) -> NoReturn:
    raise ExceededError
