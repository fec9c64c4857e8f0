"""An examination as rows of text. What could not be read is a word, never a blank or a zero."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusetup.doctor.outcome.grouping import together
from gpusetup.doctor.outcome.verdict import first_line
from gpusetup.machine.model import Unread
from gpusetup.report.doctor import MARKS
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.outcome.comparison import FindingChange
    from gpusetup.machine.model import Gpu, Machine
    from gpusetup.report.dashboard.frame import Frame

COLUMNS = ("GPU", "Name", "Util", "Mem GiB", "°C", "Power W", "SM MHz", "Link", "Limited by")
"""The first has the worst finding of the GPU as a mark; where it is narrow, clock and link are without their limits."""
PROCESS_COLUMNS = ("GPU", "PID", "Memory MiB", "Kind")
FINDING_COLUMNS = ("", "Rule", "Subject", "Finding")
CHANGE_COLUMNS = ("Time", "Change", "Rule", "Subject", "Finding")
NO_PROCESS = "no process holds a GPU"
SHOWN = ("error", "warning", "unknown", "info")
UNREAD = {"absent": "none", "denied": "denied", "failed": "failed", "timeout": "timeout", "unsupported": "n/a"}
NOTE = "i"
BAR, FULL, EMPTY = 8, "█", "░"
GIB, MIB = 1 << 30, 1 << 20
Row = tuple[str, ...]


class Told(NamedTuple):
    """A finding in a list, and the cells that show it."""

    finding: Finding
    cells: Row


def headline(frame: Frame) -> str:
    """Return the verdict."""
    return neutral(first_line(frame.report.findings))


def title(frame: Frame) -> str:
    """Return what the machine is."""
    return neutral(frame.report.machine)


def gpu_rows(frame: Frame, *, wide: bool = False) -> list[Row]:
    """Return one row for each GPU; with bars where there is room for them."""
    gpus = frame.machine.gpus
    worst = _worst(frame)
    return [] if isinstance(gpus, Unread) else [_gpu(one, worst.get(f"GPU {one.index}", "ok"), wide) for one in gpus]


def no_gpus(machine: Machine) -> str:
    """Return why there is no row, "" where there is one."""
    if isinstance(machine.gpus, Unread):
        where = f"The driver lists no GPU: {machine.gpus.source}: {machine.gpus.detail or machine.gpus.unread}"
        return neutral(f"{where}. {_on_the_bus(machine)}")
    return "" if machine.gpus else f"The driver lists no GPU. {_on_the_bus(machine)}"


def process_rows(frame: Frame) -> list[Row]:
    """Return one row for each process on a GPU, and one for each GPU that does not report its processes."""
    gpus = frame.machine.gpus
    found = [] if isinstance(gpus, Unread) else [row for one in gpus for row in _processes(one)]
    return found or [("", "none", "", NO_PROCESS if not isinstance(gpus, Unread) else "the driver lists no GPU")]


def finding_rows(frame: Frame) -> list[Told]:
    """Return what is wrong or cannot be checked, worst first, and what is alike on several GPUs as one.

    What a cause explains is left out.
    """
    found = together(one for one in frame.report.findings if one.state in SHOWN)
    return [Told(one, _finding(one)) for one in found]


def change_rows(frame: Frame) -> list[Told]:
    """Return what came, changed and went since the examination before."""
    return [Told(one.finding, (frame.at, _change(one), *_finding(one.finding)[1:])) for one in frame.changes]


def detail(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield the parts of a finding, each with its kind: ``head``, ``evidence``, ``remedy``, ``command``, ``source``."""
    yield "head", neutral(f"{finding.state.upper()} {finding.rule}, {finding.subject}: {finding.summary}")
    for line in finding.evidence:
        yield "evidence", neutral(line)
    if finding.remedy:
        yield "remedy", neutral(f"What to do: {finding.remedy.text}.")
        for command in finding.remedy.commands:
            yield "command", neutral(command)
    if finding.source:
        yield "source", neutral(f"Source: {finding.source}")


def limits(mask: int) -> str:
    """Return what holds the clocks down, in words; what is no limit only where there is nothing else."""
    found = [one for one in _reasons() if mask & one["bit"]]
    known = sum(one["bit"] for one in _reasons())
    words = [one["text"] for one in found if not one.get("note")] or [one["text"] for one in found]
    return ", ".join([*words, *([f"{mask & ~known:#x}"] if mask & ~known else [])]) or "nothing"


@cache
def _reasons() -> list[dict[str, Any]]:
    with Path(__file__).with_name("throttle.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["reason"]
    return found


def _gpu(gpu: Gpu, state: str, wide: bool) -> Row:
    return (
        f"{_mark(state)} {gpu.index}",
        _said(gpu.name, _short),
        _said(gpu.utilization, lambda busy: _barred(f"{busy}%", busy / 100, wide)),
        _memory(gpu, wide),
        _pair(gpu.temperature, gpu.temperature_limit),
        _pair(gpu.power, gpu.power_limit),
        _pair(gpu.clock_sm, gpu.clock_sm_max) if wide else _said(gpu.clock_sm),
        _link(gpu, wide),
        _said(gpu.throttle_reasons, limits),
    )


def _said(reading: Any, say: Callable[[Any], str] = str) -> str:
    return UNREAD[reading.unread] if isinstance(reading, Unread) else neutral(say(reading))


def _pair(now: Any, most: Any) -> str:
    """Return ``41/90``: the value and its limit, each by itself where the other could not be read."""
    return f"{_said(now, _whole)}/{_said(most, _whole)}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _memory(gpu: Gpu, wide: bool) -> str:
    text = f"{_said(gpu.memory_used, _gib)}/{_said(gpu.memory_total, _gib)}"
    if isinstance(gpu.memory_used, Unread) or isinstance(gpu.memory_total, Unread):
        return text
    return _barred(text, gpu.memory_used / gpu.memory_total, wide)


def _gib(size: int) -> str:
    return f"{size / GIB:.1f}"


def _barred(text: str, part: float, wide: bool) -> str:
    if not wide:
        return text
    full = min(BAR, max(0, round(part * BAR)))
    return f"{FULL * full}{EMPTY * (BAR - full)} {text}"


def _link(gpu: Gpu, wide: bool) -> str:
    """Return ``4×16``, and what it could be where it is less: an idle card saves power by a lower generation."""
    generation, width = gpu.pcie_gen, gpu.pcie_width
    if isinstance(generation, Unread) or isinstance(width, Unread):
        return _said(generation if isinstance(generation, Unread) else width)
    now, most = f"{generation[0]}×{width[0]}", f"{generation[1]}×{width[1]}"
    return f"{now} of {most}" if wide and now != most else now


def _short(name: str) -> str:
    return name.removeprefix("NVIDIA ").removeprefix("GeForce ")


def _worst(frame: Frame) -> dict[str, str]:
    """Return the state of the worst finding by subject; findings come worst first."""
    found: dict[str, str] = {}
    for one in frame.report.findings:
        if one.state in SHOWN:
            found.setdefault(one.subject, one.state)
    return found


def _processes(gpu: Gpu) -> Iterator[Row]:
    if isinstance(gpu.processes, Unread):
        yield str(gpu.index), UNREAD[gpu.processes.unread], "", neutral(gpu.processes.detail)
        return
    for one in gpu.processes:
        size = "not reported" if one.memory is None else f"{one.memory // MIB}"
        yield str(gpu.index), str(one.pid), size, "graphics" if one.graphics else "compute"


def _finding(one: Finding) -> Row:
    return _mark(one.state), one.rule, neutral(one.subject), neutral(one.summary)


def _mark(state: str) -> str:
    return MARKS.get(state, NOTE)


def _change(one: FindingChange) -> str:
    if one.kind == "cleared":
        return "cleared"
    return f"{one.was} → {one.finding.state}" if one.was else f"new {one.finding.state}"


def _on_the_bus(machine: Machine) -> str:
    if isinstance(machine.pci, Unread):
        return f"The PCI bus could not be read: {machine.pci.detail or machine.pci.unread}."
    if not machine.pci:
        return "There is no NVIDIA GPU on the PCI bus."
    cards = ", ".join(f"{one.address} (10de:{one.device_id})" for one in machine.pci)
    return f"On the PCI bus: {cards}."
