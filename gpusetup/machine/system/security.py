"""SELinux and this user's groups."""

from __future__ import annotations

import os

from gpusetup.machine.dotted import whole
from gpusetup.machine.host import Host, unread
from gpusetup.machine.model import Reading, Unread

ENFORCE = "/sys/fs/selinux/enforce"
BOOLEAN = "/sys/fs/selinux/booleans/container_use_devices"
AUDIT = "/var/log/audit/audit.log"
# the end of the file; auditd starts a new one at 8 MiB (auditd.conf(5), max_log_file)
AUDIT_LIMIT = 4 << 20
MOST_DENIALS = 20
DENIED = ("nvidia", "xserver_misc_device_t")
GROUPS_OF_NODES = ("video", "render", "vglusers", "nvidia")
_MODES = {"0": "permissive", "1": "enforcing"}


def read_selinux(host: Host) -> Reading[str]:
    """Return the mode in force; without the kernel's own files, ``disabled`` where SELinux is configured off."""
    mode = host.read_line(ENFORCE)
    if not isinstance(mode, Unread):
        return _MODES.get(mode) or Unread(unread="failed", source=ENFORCE, detail=f"says {mode[:20]!r}")
    configured = host.read_text("/etc/selinux/config")
    off = not isinstance(configured, Unread) and "\nSELINUX=disabled" in f"\n{configured}"
    return "disabled" if off else mode


def read_selinux_devices(host: Host) -> Reading[bool]:
    """Return the current value of the boolean (``current pending``)."""
    line = host.read_line(BOOLEAN)
    # selinuxfs writes the value in force, then the pending one
    return line if isinstance(line, Unread) else line.startswith("1")


def read_groups(host: Host) -> Reading[tuple[str, ...]]:
    """Return the groups of this user that can own a GPU's device nodes; a folder has no user."""
    if not host.live:
        return Unread(unread="unsupported", source="getgroups", detail="a folder has no user")
    table = host.read_text("/etc/group")
    if isinstance(table, Unread):
        return table
    try:
        own = {os.getegid(), *os.getgroups()}
    except OSError as error:
        return unread("getgroups", error)
    entries = (line.split(":") for line in table.splitlines())
    # by the process's groups and not by the file: a new membership takes effect at the next login
    member = {entry[0] for entry in entries if len(entry) > 2 and whole(entry[2]) in own}
    root = ("root",) if os.geteuid() == 0 else ()
    return (*root, *(name for name in GROUPS_OF_NODES if name in member))


def read_selinux_denials(host: Host) -> Reading[tuple[str, ...]]:
    """Return what the audit log says was denied of NVIDIA's files and devices; mostly root alone may read it."""
    if not host.exists("/sys/fs/selinux") and not host.exists(AUDIT):
        return Unread(unread="absent", source=AUDIT, detail="no SELinux here")
    raw = host.read_bytes(AUDIT, AUDIT_LIMIT, end=True)
    if isinstance(raw, Unread):
        return raw
    if b"avc:  denied" not in raw:
        return ()
    lines = (line for line in raw.decode(errors="replace").splitlines() if "avc:  denied" in line)
    return tuple(line for line in lines if any(name in line for name in DENIED))[-MOST_DENIALS:]


def read_user_namespace(host: Host) -> Reading[bool]:
    """Say whether the numbers of our users are not the host's: one line ``0 0 4294967295`` maps all as they are."""
    text = host.read_line("/proc/self/uid_map")
    return text if isinstance(text, Unread) else text.split() != ["0", "0", "4294967295"]
