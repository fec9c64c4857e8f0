"""Whether the system is an image that is replaced as a whole, and of which kind."""

from __future__ import annotations

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

BOOTED = "/run/ostree-booted"
ORIGINS = "/ostree/deploy/*/deploy/*.origin"


def read_image(host: Host) -> Reading[str]:
    """Return ``bootc``, ``ostree``, or "" for a system that is made of packages."""
    if not host.exists("/run"):
        return Unread(unread="absent", source=BOOTED, detail="no /run here")
    if not host.exists(BOOTED):
        return ""
    texts = map(host.read_text, host.glob(ORIGINS) if host.exists("/usr/bin/bootc") else ())
    from_container = any(not isinstance(text, Unread) and "container-image-reference=" in text for text in texts)
    return "bootc" if from_container else "ostree"
