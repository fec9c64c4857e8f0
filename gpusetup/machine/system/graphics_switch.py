"""What the tools that switch a notebook's graphics have been set to.

Sources: gitlab.com/asus-linux/supergfxctl (``/etc/supergfxd.conf``, JSON); nvidia-prime of Ubuntu and suse-prime (one
word in a file); Linux kernel, Documentation/ABI/testing/sysfs-platform-asus-wmi (``dgpu_disable``). Read 2026-11-30.
"""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Reading, Unread

SUPERGFX = "/etc/supergfxd.conf"
_MODE = r'"mode"\s*:\s*"(\w{1,20})"'
WORDS = (
    ("prime-select", "/etc/prime-discrete"),
    ("prime-select", "/etc/prime/current_type"),
    ("asus-wmi", "/sys/devices/platform/asus-nb-wmi/dgpu_disable"),
)


def read_graphics_switch(host: Host) -> Reading[Pairs]:
    """Return (tool, mode) of each tool that has left one."""
    found = [(tool, host.read_line(path)) for tool, path in WORDS]
    text = host.read_text(SUPERGFX)
    said = None if isinstance(text, Unread) else re.search(_MODE, text)
    found += [("supergfxctl", said[1])] if said else []
    refused = next((why for _, why in found if isinstance(why, Unread) and why.unread == "denied"), None)
    return refused or tuple((tool, mode[:20]) for tool, mode in found if not isinstance(mode, Unread))
