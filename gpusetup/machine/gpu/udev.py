"""What udev's rules say of NVIDIA's device nodes and of the cards on the bus."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Reading, Unread

PATTERNS = ("/etc/udev/rules.d/*.rules", "/run/udev/rules.d/*.rules", "/usr/lib/udev/rules.d/*nvidia*.rules",
            "/lib/udev/rules.d/*nvidia*.rules", "/usr/lib/udev/rules.d/*-pm-*.rules")  # fmt: skip
"""The administrator's own files, and of the system's hundred those that are NVIDIA's."""
MOST = 100


def read_udev(host: Host) -> Reading[Pairs]:
    """Return (file, line) of the rules that name NVIDIA."""
    if refused := host.forbidden("/etc/udev/rules.d"):
        return refused
    found: list[tuple[str, str]] = []
    for path in dict.fromkeys(host.resolve(path) for pattern in PATTERNS for path in host.glob(pattern)):
        text = host.read_text(path)
        if isinstance(text, Unread):
            return text
        lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
        found.extend((path, line) for line in lines if _names_nvidia(line.lower()) and not line.startswith("#"))
    return tuple(found[:MOST])


def _names_nvidia(line: str) -> bool:
    """Say whether a rule speaks of NVIDIA's nodes, or of its devices by their vendor's number."""
    return "nvidia" in line or "0x10de" in line
