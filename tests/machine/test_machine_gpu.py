"""The bus, the device nodes and the driver's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpusetup.machine.gpu.device_nodes import read_device_nodes, read_majors
from gpusetup.machine.gpu.driver import read_driver
from gpusetup.machine.gpu.pci import read_bus
from gpusetup.machine.host import Host
from gpusetup.machine.model import PciGpu, Unread
from gpusetup.machine.read import read
from tests.fake_host import Content, grow

CARD = "/sys/bus/pci/devices/0000:01:00.0"


GPU: dict[str, Content] = {
    f"{CARD}/vendor": "0x10de\n",
    f"{CARD}/class": "0x030000\n",
    f"{CARD}/device": "0x2684\n",
    f"{CARD}/current_link_speed": "2.5 GT/s PCIe\n",
    f"{CARD}/max_link_speed": "16.0 GT/s PCIe\n",
    f"{CARD}/current_link_width": "8\n",
    f"{CARD}/max_link_width": "16\n",
    f"{CARD}/resource": "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
    "0x0000000000000000 0x000000000fffffff 0x000000000014220c\n" + "0x0 0x0 0x0\n" * 5,
    f"{CARD}/aer_dev_correctable": "RxErr 2\nBadTLP 1\nTOTAL_ERR_COR 3\n",
    f"{CARD}/aer_dev_nonfatal": "TOTAL_ERR_NONFATAL 0\n",
    f"{CARD}/aer_dev_fatal": "TOTAL_ERR_FATAL 1\n",
    "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA GeForce RTX 4090\nGPU UUID: GPU-1\n"
    "GPU Firmware: \t N/A\nDevice Minor: \t 0\nGPU Excluded:\t No\n",
}


def card(root: Path, change: dict[str, Content]) -> PciGpu:
    pci = read_bus(Host(grow(root, GPU | change))).cards
    assert not isinstance(pci, Unread)
    return pci[0]


def test_the_bus_tells_link_regions_and_errors(tmp_path: Path) -> None:
    gpu = card(tmp_path, {})
    assert (gpu.link_speed, gpu.link_width) == ((2.5, 16.0), (8, 16))
    assert gpu.bars == (16 << 20, 0, 0, 0, 0, 0)  # the second has a size but no place: the firmware gave it none
    assert gpu.aer_errors == (3, 0, 1)
    assert gpu.information == (
        ("Model", "NVIDIA GeForce RTX 4090"),
        ("GPU Firmware", "N/A"),
        ("Device Minor", "0"),
        ("GPU Excluded", "No"),
    )


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("current_link_speed", "Unknown\n", "link_speed"),
        ("max_link_width", "", "link_width"),
        ("resource", "0x0 zero\n", "bars"),
        ("resource", "0x0 0x0\n", "bars"),
        ("aer_dev_fatal", "\n", "aer_errors"),
    ],
)
def test_what_the_bus_says_in_other_words_is_unread(tmp_path: Path, name: str, content: str, field: str) -> None:
    told = getattr(card(tmp_path, {f"{CARD}/{name}": content}), field)
    assert isinstance(told, Unread)
    assert told.unread == "failed"


def test_majors_are_those_of_character_devices(tmp_path: Path) -> None:
    text = (
        "Character devices:\n  1 mem\n195 nvidia\n195 nvidiactl\n511 nvidia-uvm\n\nBlock devices:\n  8 nvidia-block\n"
    )
    assert read_majors(Host(grow(tmp_path, {"/proc/devices": text}))) == (
        ("nvidia", 195),
        ("nvidiactl", 195),
        ("nvidia-uvm", 511),
    )


def test_nodes_tell_owner_and_number(tmp_path: Path) -> None:
    host = Host(grow(tmp_path, {"/dev/nvidia-caps": None}))
    try:
        os.mknod(tmp_path / "dev/nvidia0", 0o20660, os.makedev(195, 7))
    except PermissionError:
        pytest.skip("device nodes can be made by root alone")
    nodes = read_device_nodes(host)
    assert not isinstance(nodes, Unread)
    (node,) = nodes
    assert (node.path, node.mode[0], node.major, node.minor, node.owner) == ("/dev/nvidia0", "c", 195, 7, os.geteuid())


def test_the_drivers_own_files(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue\n"
        "GCC version:  gcc version 15.2.1 20251022 (Red Hat 15.2.1-3) (GCC) \n",
        "/proc/driver/nvidia/params": 'ModifyDeviceFiles: 1\nDeviceFileMode: 438\nExcludedGpus: ""\n',
        "/sys/module/nvidia_drm/parameters/modeset": "Y\n",
        "/lib/firmware/nvidia/580.95.05/gsp_ga10x.bin": "",
        "/lib/firmware/nvidia/tu102/gsp/gsp.bin": "",
    }
    nothing = Unread(unread="absent", source="")
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), nothing)
    driver = read_driver(Host(grow(tmp_path, tree)), said, ())
    assert driver.module_gcc == "15.2.1"
    assert driver.parameters == (
        ("ModifyDeviceFiles", "1"),
        ("DeviceFileMode", "438"),
        ("ExcludedGpus", '""'),
        ("nvidia_drm.modeset", "Y"),
    )
    assert driver.gsp_firmware == (("580.95.05", "/lib/firmware/nvidia/580.95.05/gsp_ga10x.bin"),)


def test_firmware_is_found_wherever_the_kernel_was_told_to_look(tmp_path: Path) -> None:
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), Unread(unread="absent", source=""))
    tree = {
        "/sys/module/firmware_class/parameters/path": "/run/current-system/firmware\n",
        "/run/current-system/firmware/nvidia/580.95.05/gsp_ga10x.bin.zst": "",
        "/lib/firmware/updates/nvidia/570.1/gsp_tu10x.bin": "",
    }
    told = read_driver(Host(grow(tmp_path, tree)), said, ()).gsp_firmware
    assert isinstance(told, tuple)
    assert [version for version, _ in told] == ["580.95.05", "570.1"]


def test_a_host_whose_only_firmware_was_removed_lacks_it(tmp_path: Path) -> None:
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), Unread(unread="absent", source=""))
    tree = {"/lib/modules/6.12.117+deb13-amd64/updates/dkms/nvidia-current-open.ko.xz": ""}
    assert read_driver(Host(grow(tmp_path, tree)), said, ()).gsp_firmware == ()


def test_a_container_without_firmware_is_not_a_host_that_lacks_it(tmp_path: Path) -> None:
    said = dict.fromkeys(("nvml", "nvml_library", "cuda", "confidential"), Unread(unread="absent", source=""))
    told = read_driver(Host(tmp_path), said, ()).gsp_firmware
    assert isinstance(told, Unread)
    assert told.unread == "absent"
    assert read_driver(Host(grow(tmp_path, {"/lib/firmware": None})), said, ()).gsp_firmware == ()


@pytest.mark.parametrize(
    ("line", "version", "licence"),
    [
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (akmods@host)\n",
            "580.95.05",
            "Dual MIT/GPL",
        ),
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n",
            "535.183.01",
            "NVIDIA",
        ),
    ],
)
def test_the_loaded_module_says_version_and_flavour(tmp_path: Path, line: str, version: str, licence: str) -> None:
    text = line + "GCC version:  gcc version 15.2.1 20251022\n"
    driver = read(grow(tmp_path, {"/proc/driver/nvidia/version": text}), 5).driver
    assert (driver.kernel_module, driver.module_license) == (version, licence)
