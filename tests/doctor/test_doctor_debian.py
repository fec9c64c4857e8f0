"""What a real Debian 13 showed: which cause is named first, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.running import read_kernel
from gpusetup.machine.model import Machine
from tests.doctor.machines import machine
from tests.fake_host import Content, grow

RULES = all_rules()
OLD, NEW = "6.12.48+deb13-amd64", "6.12.57+deb13-amd64"
WRONG = ("error", "warning")
FLAVOURS = ("nvidia-current", "nvidia-current-open", "nvidia-tesla-535", "nvidia-tesla-535-open")


def debian(kernel: dict[str, Any] | None = None, **system: Any) -> Machine:
    """Return a host whose driver DKMS built for the running kernel, and that has a newer kernel without a module."""
    built = {"tool": "dkms", "module": "nvidia-current", "version": "580.159.04", "kernel": OLD, "state": "built",
             "log": ""}  # fmt: skip
    here = {
        "release": OLD,
        "next_release": NEW,
        "modules_on_disk!": {OLD: ["nvidia-current.ko.xz", "nvidia-current-uvm.ko.xz"], NEW: []},
        "builds!": [built],
    }
    return machine("h100_server", {"system": {"distro": "debian", **system, "kernel": {**here, **(kernel or {})}}})


def first_and_rest(host: Machine, *among: str) -> tuple[str, dict[str, str]]:
    """Return the rule of the first wrong finding of `host`, and of the rules `among` which cause each follows from."""
    found = examine(host, RULES.values())
    first = next((one.rule for one in found if one.state in WRONG), "")
    return first, {one.rule: one.caused_by for one in found if one.rule in among}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_newer_kernel_without_a_module_is_seen_by_debians_names(flavour: str, tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/proc/sys/kernel/osrelease": f"{OLD}\n",
        f"/boot/vmlinuz-{OLD}": "1",
        f"/boot/vmlinuz-{NEW}": "1",
        f"/lib/modules/{OLD}/updates/dkms/{flavour}.ko.xz": "",
        f"/lib/modules/{OLD}/updates/dkms/{flavour}-uvm.ko.xz": "",
        f"/lib/modules/{NEW}/kernel/fs/ext4.ko.xz": "",
    }
    read = read_kernel(Host(grow(tmp_path, tree)))
    assert read.next_release == NEW
    assert read.modules_on_disk == {OLD: (f"{flavour}-uvm.ko.xz", f"{flavour}.ko.xz"), NEW: ()}
    host = debian({"modules_on_disk!": {name: list(files) for name, files in read.modules_on_disk.items()}})
    assert first_and_rest(host, "KRN108") == ("KRN008", {"KRN108": "KRN008"})
    whole = {name: [f"{flavour}.ko.xz"] for name in (OLD, NEW)}
    assert first_and_rest(debian({"modules_on_disk!": whole}), "KRN108") == ("", {"KRN108": ""})


def test_the_failed_build_for_the_next_kernel_explains_what_it_lacks() -> None:
    failed = {"tool": "dkms", "module": "nvidia-current", "version": "580.159.04", "kernel": NEW, "state": "failed",
              "log": "/var/lib/dkms/nvidia-current/580.159.04/build/make.log", "errors": ["cc: Killed"]}  # fmt: skip
    half = [f"linux-image-{NEW}: half-configured"]
    host = debian({"builds+": [failed], "boot": {"without_initramfs": [NEW]}}, **{"unfinished_packages!": half})
    after = dict.fromkeys(("KRN008", "KRN108", "KRN009", "HST006"), "KRN102")
    assert first_and_rest(host, *after) == ("KRN102", after)


def test_a_full_boot_comes_before_what_the_next_kernel_lacks() -> None:
    half = [f"linux-image-{NEW}: half-configured"]
    host = debian({"boot": {"without_initramfs": [NEW], "free": 1 << 20}}, **{"unfinished_packages!": half})
    after = dict.fromkeys(("KRN008", "KRN108", "HST006"), "KRN009")
    assert first_and_rest(host, *after) == ("KRN009", after)
    (said,) = [one for one in examine(host, RULES.values()) if one.rule == "KRN009"]
    assert "/boot is full" in said.summary
    assert said.remedy is not None
    assert "sudo apt autoremove --purge" in said.remedy.commands
    assert f"sudo update-initramfs -c -k {NEW}" in said.remedy.commands


def test_another_full_disk_does_not_hide_a_kernel_that_may_not_start() -> None:
    disks = [{"use": "caches", "path": "/home/ada/.cache", "free": 1 << 30, "total": 1 << 40}]
    host = debian({"boot": {"without_initramfs": [NEW], "free": 1 << 20}}, **{"disks!": disks})
    assert first_and_rest(host, "KRN009", "HST001")[1] == {"KRN009": "", "HST001": ""}


def test_little_room_alone_hides_nothing_that_is_worse() -> None:
    host = debian({"boot": {"free": 1 << 20}})
    assert first_and_rest(host, "KRN010") == ("KRN008", {"KRN010": ""})


def test_a_missing_initramfs_with_room_is_made_and_nothing_is_removed() -> None:
    host = debian({"boot": {"without_initramfs": [NEW], "free": 1 << 40}})
    (said,) = [one for one in examine(host, RULES.values()) if one.rule == "KRN009"]
    assert said.remedy is not None
    assert said.remedy.fix == "make-initramfs"
    assert not [one for one in said.remedy.commands if "autoremove" in one]


def test_nouveau_is_not_to_be_forbidden_where_no_driver_would_be_left() -> None:
    gone: dict[str, Any] = {
        "gpus": {"unread": "absent", "source": "nvmlInit", "detail": "NVML_ERROR_LIBRARY_NOT_FOUND", "code": 12},
        "libraries!": [],
        "driver": {"kernel_module": {"unread": "absent", "source": "/proc/driver/nvidia/version", "code": 2}},
        "pci": {"0": {"driver": "nouveau"}},
        "system": {
            "kernel": {
                "modules!": [{"name": "nouveau", "version": ""}],
                "modules_on_disk!": {OLD: []},
                "release": OLD,
                "command_line": "",
            },
        },
    }
    first, after = first_and_rest(machine("desktop", gone), "KRN003")
    assert (first, after) == ("DRV003", {"KRN003": "DRV003"})
    beside = {**gone, "driver": {**gone["driver"], "container!": [["the GPU Operator", "/run/nvidia/driver"]]}}
    assert first_and_rest(machine("desktop", beside), "KRN003") == ("KRN003", {"KRN003": ""})
