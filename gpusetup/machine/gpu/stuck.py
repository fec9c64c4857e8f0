"""Processes that hold a GPU and cannot go on: asleep inside the kernel, dead and not collected, or gone."""

from __future__ import annotations

from collections.abc import Iterable

from gpusetup.machine.host import Host
from gpusetup.machine.model import Gpu, Pairs, Reading, Unread

GONE = "gone"
STATES = {"D": "sleeps in the kernel", "Z": "dead, not collected"}
MOST = 20
_NAMES = ("nvidia", "nv-", "python", "torchrun", "cuda")


def read_stuck(host: Host, gpus: Reading[tuple[Gpu, ...]]) -> Reading[Pairs]:
    """Return (process, state) of those that hold a GPU, also of such as are not there any more.

    Where the driver does not answer, nobody says who holds one: then all processes are looked through for names that
    such have, which takes some milliseconds more.
    """
    if not host.live:
        return Unread(unread="unsupported", source="/proc", detail="a folder has no processes")
    if isinstance(gpus, Unread):
        pids: Iterable[str] = filter(str.isdigit, host.names("/proc")) if gpus.unread == "timeout" else ()
        return tuple(_stuck(host, pids, _NAMES))[:MOST]
    held = (one.processes for one in gpus if not isinstance(one.processes, Unread))
    pids = dict.fromkeys(str(each.pid) for one in held for each in one)
    gone = [(pid, GONE) for pid in pids if not host.exists(f"/proc/{pid}")]
    return (*_stuck(host, pids), *gone)[:MOST]


def _stuck(host: Host, pids: Iterable[str], names: tuple[str, ...] = ("",)) -> list[tuple[str, str]]:
    found = []
    for pid in pids:
        line = host.read_line(f"/proc/{pid}/stat")
        if not isinstance(line, Unread):
            name, state = line.partition("(")[2].rpartition(")")[0], line.rpartition(") ")[2][:1]
            if state in STATES and name.startswith(names):
                found.append((f"{pid} ({name})", STATES[state]))
    return found
