"""Access Control Services of the bridges above a card, from their PCI configuration."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

EXTENDED = 0x100
ACS = 0x000D
CONTROL = 6
REDIRECT = 0x000C  # requests and completions between peers are sent upstream
CONFIGURATION = 4096
MOST = 64
_BRIDGE = r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"


def read_acs(host: Host, folder: str) -> Reading[bool]:
    """Say whether one of the bridges above the device `folder` of sysfs redirects what peers send each other.

    The kernel shows an ordinary user the first 64 bytes of a configuration alone, and this lies beyond 256.
    """
    parents = [part for part in host.resolve(folder).split("/")[:-1] if re.fullmatch(_BRIDGE, part)]
    place = host.resolve(folder).rpartition("/")[0]
    for _ in parents:
        raw = host.read_bytes(f"{place}/config", CONFIGURATION)
        if isinstance(raw, Unread):
            return raw
        if len(raw) <= EXTENDED:
            return Unread(unread="denied", source=f"{place}/config", detail="shown in full to root alone")
        if _control(raw) & REDIRECT:
            return True
        place = place.rpartition("/")[0]
    return False


def _control(raw: bytes) -> int:
    """Return the control register of the capability, 0 without one: a list of (id, next) that starts at 0x100."""
    at = EXTENDED
    for _ in range(MOST):
        # id in bits 0 to 15, version up to 19, the next one's offset from 20 on (linux/pci_regs.h, PCI_EXT_CAP_NEXT)
        head = int.from_bytes(raw[at : at + 4], "little")
        if head & 0xFFFF == ACS:
            return int.from_bytes(raw[at + CONTROL : at + CONTROL + 2], "little")
        at = head >> 20
        if at < EXTENDED:
            break
    return 0
