"""A host that is a folder, read in a child that may take only so much memory and time: anybody can have made it."""

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
"""For the whole folder, as a clock shows it: a file system can be slow, or never answer."""
PROCESSOR_SECONDS = 60
ADVICE = "what is too large or damaged there has to go, or give another folder"
_NOT_ASKED = Unread(unread="unsupported", source="", detail="asked by another process")


def read_confined(host: Host, answer: Callable[[], Nvml]) -> Machine:
    """Return the host that is a folder, with what the driver answers, if one is asked at all.

    A reading that takes more than it may is `Unread`. Raises `WrongInputError` when the folder as a whole does, and
    names what was read then.
    """
    try:
        worker = Worker(partial(_tell, host.root), SECONDS)
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
        case [["read", "machine", told]]:
            return msgspec.convert(told, Machine)
        case [["read", "exceeded", topic, what]]:
            raise WrongInputError(f"{root} cannot be read: {topic} there exceeded {what}", ADVICE)
        case [["read", "fault", trace]]:
            raise RuntimeError(f"reading {root} failed:\n{trace}")
    why = outcome.detail or "it told nothing"
    raise WrongInputError(f"{root} cannot be read: {outcome.last_call or 'the start'} was not finished ({why})", ADVICE)


def _tell(root: str, tell: Channel) -> None:
    """Read the folder within the limits, and tell the machine, or what became of it."""
    topics = ["the start"]

    def step(topic: str) -> None:
        topics.append(topic)
        tell("call", topic)

    _limit()
    try:
        told: tuple[Any, ...] = ("machine", read_beside(Host(root, confined=True), partial(nothing, _NOT_ASKED), step))
    except MemoryError:
        told = ("exceeded", topics[-1], f"{MEMORY >> 20} MiB of memory")
    except ExceededError:
        told = ("exceeded", topics[-1], f"{PROCESSOR_SECONDS} s of processor time")
    except Exception:  # a fault of ours: the parent says so
        told = ("fault", traceback.format_exc())
    tell("read", *told)


def _limit() -> None:
    """Set the limits of this process, and of what it starts; the hard ones stay, so that none needs a right."""
    signal.signal(signal.SIGPROF, _exceeded)
    signal.signal(signal.SIGXCPU, _exceeded)
    _lower(resource.RLIMIT_AS, _size() + MEMORY)
    _lower(resource.RLIMIT_CPU, int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + PROCESSOR_SECONDS)


def _lower(which: int, limit: int) -> None:
    soft, hard = resource.getrlimit(which)
    if soft == resource.RLIM_INFINITY or soft > limit:
        resource.setrlimit(which, (limit, hard))


def _size() -> int:
    """Return the bytes of address space that this process has now; 1 GiB, more than any, where nobody says."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 30


def _exceeded(*_: object) -> NoReturn:
    raise ExceededError
