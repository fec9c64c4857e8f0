"""The fault matrix: every NVML function we call × every return code × a hang, a crash and garbage.

Each cell is one planned fault of the fake driver, met by a real read and judged by the doctor over an otherwise healthy
server. ``benchmarks/fault_matrix.py`` runs them all; the tests take a sample.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pynvml

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine, Unread
from gpusetup.machine.nvml.client import DRIVER
from gpusetup.machine.nvml.library import ask
from gpusetup.machine.read import read
from gpusetup.machine.worker import Channel, Worker
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.fake_driver import plan

CODES = sorted({value for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_") and name.isupper()})
LIBRARY_CODES = {12}  # what the loader says, never a function
BENIGN = {3, 13, 25, 26}
"""Codes that say "this GPU, or this driver, has no such thing"."""
ENDS = {("nvmlDeviceGetMigDeviceHandleByIndex", 6)}
"""Codes with which a list ends."""
GARBAGE = ("ones", "zeros", "text")
DEATHS = ("segv", "crash", "exit")
GPUS = "h100*2"
UNCUT = {"nvmlDeviceGetNvLinkState", "nvmlDeviceGetGpuFabricInfoV"}
"""Functions that are met with whole GPUs: one that is cut into slices uses no NVLink."""
DEADLINE = 0.4
PATIENCE = 10
"""How many times as long a hanging driver is given once more, where a busy machine had not come to the call in time."""
MARGIN = 3.0
"""Seconds beyond the deadline that a busy test machine may take for everything else."""


class Cell(NamedTuple):
    """One planned fault."""

    function: str
    fault: int | str

    @property
    def kind(self) -> str:
        """Return ``code``, ``benign``, ``hang``, ``death`` or ``garbage``."""
        if isinstance(self.fault, int):
            return "benign" if self.fault in BENIGN or self in ENDS else "code"
        return "hang" if self.fault == "hang" else "death" if self.fault in DEATHS else "garbage"


class Outcome(NamedTuple):
    """What became of one cell."""

    seconds: float
    named: bool
    """Whether a reading carries the fault: the function, and the code where it has one."""
    read_all: bool
    """Whether every reading is what it is without the fault."""
    state: str
    """The worst that the doctor says only with the fault: ``error``, ``warning``, ``unknown``, or ``healthy``."""


def cells(library: Path) -> list[Cell]:
    """Return every cell, in a fixed order."""
    faults = [*(code for code in CODES if code not in LIBRARY_CODES), "hang", *DEATHS, *GARBAGE]
    return [Cell(function, fault) for function in functions(library) for fault in faults]


@cache
def functions(library: Path) -> tuple[str, ...]:
    """Return the functions that a healthy read calls, each once, as the child itself names them."""
    with _planned():
        told = Worker(partial(_trace, str(library)), 10).wait()
    return tuple(dict.fromkeys(str(line[2]) for line in told.lines if line[1] == "call" and "/" not in str(line[2])))


class _Kept(Channel):
    """Tells calls as answers, so that they reach the outcome."""

    def __call__(self, *line: Any) -> None:
        super().__call__("read", *line)


def _trace(library: str, tell: Channel) -> None:
    kept = _Kept(tell.pipe)
    ask(library, kept)
    Channel.__call__(kept, "call", "the end")


def meet(library: Path, cell: Cell | None) -> Outcome:
    """Read the driver `library` with the fault of `cell` (None: without one), and let the doctor judge."""
    hangs = cell is not None and cell.kind == "hang"
    met = _met(library, cell, DEADLINE if hangs else 10)
    if hangs and not met.named:
        # that it ended in time has been shown; which call it was needs a child that came so far
        return _met(library, cell, DEADLINE * PATIENCE)._replace(seconds=met.seconds)
    return met


def _met(library: Path, cell: Cell | None, deadline: float) -> Outcome:
    cut = not (cell and cell.function in UNCUT)
    with _planned(cell):
        start = time.monotonic()
        met = read(library.parent, deadline, library=library)
        seconds = time.monotonic() - start
    assert msgspec.json.decode(to_json(met), type=Machine) == met
    readings, (before, known) = list(_readings(met)), _healthy(library, cut)
    states = {state for _, state, _ in _symptoms(met, cut) - known}
    return Outcome(
        seconds=seconds,
        named=cell is not None and any(_carries(reading, cell) for reading in readings),
        read_all=readings == before,
        state=next((state for state in ("error", "warning", "unknown") if state in states), "healthy"),
    )


@cache
def _healthy(library: Path, cut: bool) -> tuple[list[object], set[tuple[str, str, str]]]:
    """Return the readings and symptoms without a fault, of GPUs that are `cut` into slices or not."""
    with _planned(cut=cut):
        met = read(library.parent, 10, library=library)
    return list(_readings(met)), _symptoms(met, cut)


def _symptoms(met: Machine, cut: bool) -> set[tuple[str, str, str]]:
    findings = examine(_in_a_healthy_server(met, cut), all_rules().values())
    return {(finding.rule, finding.state, finding.subject) for finding in findings}


def _in_a_healthy_server(met: Machine, cut: bool) -> Machine:
    healthy = machine("h100_server")
    driver = msgspec.structs.replace(healthy.driver, **{name: getattr(met.driver, name) for name in DRIVER})
    assert not isinstance(healthy.pci, Unread)
    # the fake driver's two cards lie at other addresses than the server's
    cards = tuple(
        msgspec.structs.replace(card, address=f"0000:0{slot}:00.0") for slot, card in enumerate(healthy.pci[:2], 1)
    )
    # and of each slice the driver keeps a folder
    slices = (("0", "1/0"), ("1", "1/0")) if cut else ()
    return msgspec.structs.replace(healthy, gpus=met.gpus, driver=driver, pci=cards, slices=slices)


def _readings(met: Machine) -> Iterator[object]:
    yield from (getattr(met.driver, name) for name in DRIVER)
    if isinstance(met.gpus, Unread):
        yield met.gpus
        return
    for gpu in met.gpus:
        for name in gpu.__struct_fields__:
            value = getattr(gpu, name)
            yield value
            if isinstance(value, tuple):
                yield from (
                    getattr(part, inner)
                    for part in value
                    if isinstance(part, msgspec.Struct)
                    for inner in part.__struct_fields__
                )


def _carries(reading: object, cell: Cell) -> bool:
    if not isinstance(reading, Unread) or reading.source != cell.function:
        return False
    return reading.code == cell.fault if isinstance(cell.fault, int) else reading.code is None


@contextlib.contextmanager
def _planned(cell: Cell | None = None, *, cut: bool = True) -> Iterator[None]:
    """Make the environment in which the fake library meets `cell`."""
    faults = {cell.function: cell.fault} if cell else {}
    planned = plan(GPUS, faults=faults, driver=str(machine("h100_server").driver.nvml))
    planned |= {"FAKE_NVML_MIG": str(int(cut and not (cell and cell.function in UNCUT)))}
    os.environ.update(planned)
    try:
        yield
    finally:
        for name in planned:
            del os.environ[name]
