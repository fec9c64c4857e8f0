"""Processor time, run-queue delay and storage traffic of a process and its descendants, from /proc."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_NANO = 1e-9


class Activity(NamedTuple):
    """Seconds of processor time, seconds that threads waited for a processor, bytes moved to and from storage.

    Time spent waiting for a processor is not idle time: on a loaded machine a healthy worker may do little else.
    Where the kernel does not report the waiting time or the bytes, they are 0.
    """

    computed: float = 0.0
    waited: float = 0.0
    moved: int = 0


def family(pid: int, proc: Path = _PROC) -> list[int]:
    """Return `pid` and all its descendants; nothing when it is gone."""
    try:
        tasks = list((proc / str(pid) / "task").iterdir())
    except OSError:
        return []
    # /proc/PID/task/TID/children needs CONFIG_PROC_CHILDREN (proc(5))
    if tasks and not (tasks[0] / "children").exists():
        return _by_parent(pid, proc)
    return [pid, *(one for task in tasks for child in _children(task) for one in family(child, proc))]


def activity(pid: int, proc: Path = _PROC) -> Activity | None:
    """Return what process `pid` and its descendants have done, including the time of children that were reaped.

    None where /proc has no entry for `pid`.
    """
    if not _read(proc / str(pid) / "stat"):
        return None
    computed = waited = 0.0
    moved = 0
    for one in family(pid, proc):
        computed += _computed(proc / str(one) / "stat")
        waited += _waited(proc / str(one) / "task")
        moved += _moved(proc / str(one) / "io")
    return Activity(computed, waited, moved)


def _by_parent(pid: int, proc: Path) -> list[int]:
    """Return `pid` and its descendants by the parent that each process names (the fourth field of ``stat``)."""
    children: dict[int, list[int]] = {}
    for one in map(int, filter(str.isdecimal, os.listdir(proc))):
        # the second field is the program's name, which may contain spaces and parentheses: count from the last ")"
        fields = _read(proc / str(one) / "stat").rpartition(")")[2].split()
        if fields:
            children.setdefault(int(fields[1]), []).append(one)
    found = [pid]
    for one in found:  # breadth first: `found` grows during the loop
        found += children.get(one, [])
    return found


def _computed(file: Path) -> float:
    """Return user and system time of a process and of its children that have ended (proc_pid_stat(5), 14 to 17)."""
    fields = _read(file).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _waited(tasks: Path) -> float:
    """Return how long its threads were ready to run and did not: the second number of each ``schedstat``."""
    try:
        files = [task / "schedstat" for task in tasks.iterdir()]
    except OSError:
        return 0.0
    fields = [_read(file).split() for file in files]
    return sum(int(one[1]) for one in fields if len(one) > 1) * _NANO


def _moved(file: Path) -> int:
    # read_bytes and write_bytes count storage traffic only; rchar and wchar also count pipes and the page cache
    lines = (line.partition(": ") for line in _read(file).splitlines())
    return sum(int(value) for name, _, value in lines if name in {"read_bytes", "write_bytes"})


def _children(task: Path) -> list[int]:
    return list(map(int, _read(task / "children").split()))


def _read(file: Path) -> str:
    """Return the file's text; "" when the process is gone or the kernel does not provide the file."""
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
