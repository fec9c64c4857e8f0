"""GPUs on the PCI bus: found whether or not any driver is installed."""

from __future__ import annotations

import os
import re

import msgspec

from gpusetup.machine.gpu.acs import read_acs
from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, PciGpu, Reading, Unread

DEVICES = "/sys/bus/pci/devices"
BUSES = "/sys/bus"
NOT_MOUNTED = Unread(unread="failed", source=BUSES, detail="sysfs is not mounted here: a bare chroot, or an image")
DRIVER = "/proc/driver/nvidia/gpus"
NVIDIA = "0x10de"
DISPLAY = "0x03"  # class 03xx: VGA (0300), 3D (0302), other display (0380)
SWITCH = "0x0680"  # other bridge: of NVIDIA's devices only NVSwitches
# a PCI device has six; the lines after them are the ROM and the windows of a bridge or of virtual functions
BARS = 6
# the others name the board (GPU UUID, Video BIOS) or are what NVML says as well
TOLD = ("Model", "Device Minor", "GPU Firmware", "GPU Excluded")


class Bus(msgspec.Struct, frozen=True):
    """What is on the PCI bus."""

    cards: Reading[tuple[PciGpu, ...]]
    switches: Reading[int]
    other_displays: Reading[tuple[str, ...]]


def read_bus(host: Host) -> Bus:
    """Return NVIDIA's display devices in the order of their addresses, its NVSwitches, and others' display devices."""
    addresses = host.listdir(DEVICES)
    if isinstance(addresses, Unread):
        # a machine without PCI still has /sys/bus; a chroot without sysfs must not pass for one
        why = addresses if host.is_dir(BUSES) else NOT_MOUNTED
        return Bus(why, why, why)
    kinds = [(address, *_kind(host, address)) for address in addresses]
    displays = [(address, vendor, code) for address, vendor, code in kinds if code.startswith(DISPLAY)]
    return Bus(
        cards=tuple(_card(host, address, code) for address, vendor, code in displays if vendor == NVIDIA),
        switches=sum(vendor == NVIDIA and code.startswith(SWITCH) for _, vendor, code in kinds),
        other_displays=tuple(vendor.removeprefix("0x") for _, vendor, _ in displays if vendor != NVIDIA),
    )


def _kind(host: Host, address: str) -> tuple[str, str]:
    """Return the vendor and the class of a device, "" where they cannot be read."""
    vendor, code = (host.read_line(f"{DEVICES}/{address}/{name}") for name in ("vendor", "class"))
    return "" if isinstance(vendor, Unread) else vendor, "" if isinstance(code, Unread) else code


def _card(host: Host, address: str, class_code: str) -> PciGpu:
    folder = f"{DEVICES}/{address}"
    device_id = host.read_line(f"{folder}/device")
    driver = host.readlink(f"{folder}/driver")
    return PciGpu(
        address=address,
        # as pci.ids and our tables write it
        device_id="" if isinstance(device_id, Unread) else device_id.removeprefix("0x").lower(),
        class_code=class_code.removeprefix("0x"),
        driver="" if isinstance(driver, Unread) else os.path.basename(driver),
        runtime_status=host.read_line(f"{folder}/power/runtime_status"),
        numa_node=host.read_int(f"{folder}/numa_node"),
        link_speed=_link_speed(host, folder),
        link_width=_link_width(host, folder),
        bars=_bars(host, folder),
        aer_errors=_aer_errors(host, folder),
        information=_information(host, address),
        iommu=host.read_line(f"{folder}/iommu_group/type"),
        local_cpus=host.read_line(f"{folder}/local_cpulist"),
        acs=read_acs(host, folder),
    )


def _link_speed(host: Host, folder: str) -> Reading[tuple[float, float]]:
    now, most = (_number(host, f"{folder}/{which}_link_speed") for which in ("current", "max"))
    if isinstance(now, Unread):
        return now
    return most if isinstance(most, Unread) else (now, most)


def _number(host: Host, path: str) -> Reading[float]:
    """Return the number of ``16.0 GT/s PCIe``; a device asleep says ``Unknown``."""
    line = host.read_line(path)
    if isinstance(line, Unread):
        return line
    said = re.match(r"\d{1,4}(\.\d)?", line)
    return float(said[0]) if said else Unread(unread="failed", source=path, detail=f"says {line[:40]!r}")


def _link_width(host: Host, folder: str) -> Reading[tuple[int, int]]:
    now, most = host.read_int(f"{folder}/current_link_width"), host.read_int(f"{folder}/max_link_width")
    if isinstance(now, Unread):
        return now
    return most if isinstance(most, Unread) else (now, most)


def _bars(host: Host, folder: str) -> Reading[tuple[int, ...]]:
    """Return the sizes of the address regions: lines of ``start end flags``; one without a place has start 0."""
    path = f"{folder}/resource"
    text = host.read_text(path)
    if isinstance(text, Unread):
        return text
    try:
        regions = [[int(number, 16) for number in line.split()] for line in text.splitlines()[:BARS]]
        # where it found no room for a region, the kernel sets start to 0, and keeps the size in end (IORESOURCE_UNSET)
        # or clears that as well (drivers/pci/setup-bus.c, reset_resource)
        return tuple(end - start + 1 if start and end > start else 0 for start, end, _flags in regions)
    except ValueError as error:
        return Unread(unread="failed", source=path, detail=str(error)[:80])


def _aer_errors(host: Host, folder: str) -> Reading[tuple[int, int, int]]:
    counts = []
    for kind in ("correctable", "nonfatal", "fatal"):
        count = _aer(host, f"{folder}/aer_dev_{kind}")
        if isinstance(count, Unread):
            return count
        counts.append(count)
    return counts[0], counts[1], counts[2]


def _aer(host: Host, path: str) -> Reading[int]:
    """Return the last line's total, ``TOTAL_ERR_COR 3``."""
    text = host.read_text(path)
    if isinstance(text, Unread):
        return text
    total = re.search(r"^TOTAL_\w+ (\d{1,18})$", text, re.MULTILINE)
    return int(total[1]) if total else Unread(unread="failed", source=path, detail="no total")


def _information(host: Host, address: str) -> Reading[Pairs]:
    text = host.read_text(f"{DRIVER}/{address}/information")
    if isinstance(text, Unread):
        return text
    said = (line.partition(":") for line in text.splitlines())
    return tuple((name.strip(), value.strip()) for name, _, value in said if name.strip() in TOLD)
