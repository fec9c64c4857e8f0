"""A host that is a folder: files by their path, as `gpusetup.machine` would meet them below ``/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias


class Link(NamedTuple):
    """A symbolic link, as it is written."""

    target: str


Content: TypeAlias = str | bytes | Link | None
"""Text, bytes, a link, or None for a folder."""


def grow(root: Path, tree: Mapping[str, Content]) -> Path:
    """Write `tree` below `root` and return `root`."""
    for path, content in tree.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        match content:
            case None:
                place.mkdir(parents=True, exist_ok=True)
            case Link(target):
                place.symlink_to(target)
            case bytes():
                place.write_bytes(content)
            case str():
                place.write_text(content)
    return root


FEDORA: dict[str, Content] = {
    "/usr/lib/os-release": 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\nPRETTY_NAME="Fedora Linux 44"\n',
    "/etc/os-release": Link("../usr/lib/os-release"),
    "/lib": Link("usr/lib"),
    "/lib64": Link("usr/lib64"),
    "/bin": Link("usr/bin"),
    "/usr/lib64/ld-linux-x86-64.so.2": b"\x7fELF",
    "/usr/lib64/libc.so.6": b"\x7fELF GNU C Library (GNU libc) stable release version 2.43.\0",
    "/usr/bin/python3.14": "",
    "/usr/bin/python3": Link("python3.14"),
    "/proc/sys/kernel/osrelease": "7.0.4-200.fc44.x86_64\n",
    "/proc/sys/kernel/tainted": "0\n",
    "/proc/cmdline": "root=UUID=1 luks=9 rd.driver.blacklist=nouveau,nova-core nvidia-drm.modeset=1 quiet\n",
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD Ryzen 7\n\nprocessor\t: 1\nmodel name\t: AMD Ryzen 7\n",
    "/proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": b"\x06\0\0\0\x01",
    "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
}
"""A Fedora laptop with no GPU and no driver."""


def nouveau_laptop(address: str = "0000:01:00.0") -> dict[str, Content]:
    """Return that laptop with a GTX 1050 Mobile that nouveau has taken, asleep."""
    device = f"/sys/devices/pci0000:00/{address}"
    return {
        **FEDORA,
        f"/sys/bus/pci/devices/{address}": Link(f"../../../devices/pci0000:00/{address}"),
        "/sys/bus/pci/devices/0000:00:02.0/vendor": "0x8086\n",
        "/sys/bus/pci/devices/0000:00:02.0/class": "0x030000\n",
        "/sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de\n",
        "/sys/bus/pci/devices/0000:01:00.1/class": "0x040300\n",
        f"{device}/vendor": "0x10de\n",
        f"{device}/class": "0x030200\n",
        f"{device}/device": "0x1C8D\n",
        f"{device}/numa_node": "-1\n",
        f"{device}/power/runtime_status": "suspended\n",
        f"{device}/driver": Link("../../../bus/pci/drivers/nouveau"),
        "/sys/bus/pci/drivers/nouveau/bind": "",
        "/proc/modules": "nouveau 3000000 2 - Live 0x0\ndrm 1 1 nouveau, Live 0x0\n",
        "/dev/null": "",
    }
