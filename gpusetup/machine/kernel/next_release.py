"""The kernel that boots next."""

from __future__ import annotations

import re

from gpusetup.machine.dotted import version_key
from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

MODULES = "/lib/modules"
GRUB_ENVIRONMENTS = ("/boot/grub2/grubenv", "/boot/grub/grubenv")


def read_next_release(host: Host) -> Reading[str]:
    """Return the release that GRUB has saved as its choice, else the newest that is installed.

    An ordinary user can often not read GRUB's choice; the newest is what distributions boot unless told otherwise.
    """
    installed = [name for name in host.names(MODULES) if _is_bootable(host, name)]
    if not installed:
        return Unread(unread="absent", source=MODULES, detail="no kernel is installed here")
    chosen = _saved_entry(host)
    # GRUB saves the title or the id of an entry, which ends with the release (Fedora's BLS: MACHINE-ID-RELEASE)
    named = [name for name in installed if chosen.endswith(name)]
    return max(named, key=len) if named else max(installed, key=version_key)


def _is_bootable(host: Host, release: str) -> bool:
    return host.exists(f"/boot/vmlinuz-{release}") or host.exists(f"{MODULES}/{release}/vmlinuz")


def _saved_entry(host: Host) -> str:
    """Return the entry for the next start: ``next_entry`` counts once, ``saved_entry`` until it is changed."""
    texts = (host.read_text(path) for path in GRUB_ENVIRONMENTS)
    said = next((text for text in texts if not isinstance(text, Unread)), "")
    entries = dict(re.findall(r"^(next_entry|saved_entry)=(\S+)$", said, re.MULTILINE))
    return str(entries.get("next_entry") or entries.get("saved_entry") or "")
