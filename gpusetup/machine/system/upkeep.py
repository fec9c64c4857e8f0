"""How long the system runs, and whether it waits for a restart."""

from __future__ import annotations

from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

NOTES = ("/run/reboot-required", "/var/run/reboot-required")
CHASSIS = "/sys/class/dmi/id/chassis_type"
NOTEBOOKS = {8, 9, 10, 11, 14, 30, 31, 32}  # SMBIOS: portable, laptop, notebook, hand-held, sub-notebook, tablet, …


def read_uptime(host: Host) -> Reading[float]:
    """Return the seconds since the start."""
    line = host.read_line("/proc/uptime")
    if isinstance(line, Unread):
        return line
    said = line.partition(" ")[0]
    if not is_dotted(said) or said.count(".") > 1 or len(said) > 22:
        return Unread(unread="failed", source="/proc/uptime", detail=f"says {line[:40]!r}")
    return float(said)


def read_reboot_required(host: Host) -> Reading[bool]:
    """Say whether an update has left its note; only Debian's family leaves one."""
    if not host.exists("/run"):
        return Unread(unread="absent", source=NOTES[0], detail="no /run here")
    # /var/run is a link to /run, but not in every container's image
    return any(map(host.exists, NOTES))


def read_notebook(host: Host) -> Reading[bool]:
    """Say whether the firmware calls this machine a notebook or the like."""
    chassis = host.read_int(CHASSIS)
    return chassis if isinstance(chassis, Unread) else chassis in NOTEBOOKS
