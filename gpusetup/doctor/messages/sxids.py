"""SXids: the errors of NVSwitches in the kernel log, by name and severity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gpusetup.doctor.kernel.kernel_log import lines
from gpusetup.doctor.messages.status import words
from gpusetup.doctor.table import read_table
from gpusetup.machine.model import Machine

SOURCE = (
    "https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/ (NVSwitch SXid errors); "
    "open-gpu-kernel-modules: src/common/nvswitch"
)
_SXID = r"(?i)(nvidia-nvswitch\d{1,4}): SXid \(PCI:([0-9a-f:.]{4,20})\): (\d{1,6}), (.*)"


@cache
def _names() -> dict[str, str]:
    """Return number → name in the switch driver's source, ``DLPL_LTSSM_FAULT_UP``."""
    return read_table("messages/sxid", dict[str, str])


def sxids(machine: Machine) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield switch, number, severity (``fatal``, ``non-fatal``, ``correctable`` or "") and messages of each SXid."""
    found: dict[tuple[str, str], list[str]] = {}
    severities: dict[tuple[str, str], str] = {}
    for line in lines(machine, "sxid ("):
        if said := re.search(_SXID, line):
            key = (f"{said[1]} (PCI {said[2]})", str(int(said[3])))
            found.setdefault(key, []).append(line)
            severities[key] = severities.get(key) or _severity(said[4])
    for (switch, number), some in found.items():
        yield switch, number, severities[switch, number], some


def _severity(text: str) -> str:
    """Return the word that the message itself has; its further lines (``Severity 5 Engine instance``) have none."""
    word = text.partition(",")[0].strip().lower()
    return word if word in {"fatal", "non-fatal", "correctable"} else ""


def sxid_words(number: str, severity: str) -> str:
    """Return number, severity, name and unit of an SXid."""
    name = _names().get(number, "")
    unit = next((means for start, means in words("switch units").items() if name.startswith(start)), "")
    told = ": ".join(filter(None, (name, unit)))
    return f"SXid {number}{f' ({severity})' if severity else ''}: {told or 'not in the driver source'}"


def count(some: list[str]) -> str:
    """Return how often it came."""
    return f"{len(some)} {'message' if len(some) == 1 else 'messages'} since boot"
