"""GPUs on the PCI bus: found whether or not any driver is installed."""

from __future__ import annotations

import os

from gpusetup.machine.host import Host
from gpusetup.machine.model import PciGpu, Reading, Unread

DEVICES = "/sys/bus/pci/devices"
NVIDIA = "0x10de"
DISPLAY = "0x03"  # class 03xx: VGA (0300), 3D (0302), other display (0380)


def read_pci(host: Host) -> Reading[tuple[PciGpu, ...]]:
    """Return NVIDIA's display devices in the order of their addresses."""
    addresses = host.listdir(DEVICES)
    if isinstance(addresses, Unread):
        return addresses
    found = (_device(host, address) for address in addresses)
    return tuple(device for device in found if device is not None)


def _device(host: Host, address: str) -> PciGpu | None:
    folder = f"{DEVICES}/{address}"
    if host.read_line(f"{folder}/vendor") != NVIDIA:
        return None
    class_code = host.read_line(f"{folder}/class")
    if isinstance(class_code, Unread) or not class_code.startswith(DISPLAY):
        return None
    device_id = host.read_line(f"{folder}/device")
    driver = host.readlink(f"{folder}/driver")
    return PciGpu(
        address=address,
        device_id="" if isinstance(device_id, Unread) else device_id.removeprefix("0x").lower(),
        class_code=class_code.removeprefix("0x"),
        driver="" if isinstance(driver, Unread) else os.path.basename(driver),
        runtime_status=host.read_line(f"{folder}/power/runtime_status"),
        numa_node=host.read_int(f"{folder}/numa_node"),
    )
