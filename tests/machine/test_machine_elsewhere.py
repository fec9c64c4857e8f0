"""Drivers in folders of their own, cards that are taken away, packages that are half there, derivatives."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.doctor.rule import known
from gpusetup.machine.gpu.elsewhere import read_alternatives, read_driver_container
from gpusetup.machine.gpu.udev import read_udev
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.secure_boot import read_mok
from gpusetup.machine.model import Unread
from gpusetup.machine.packages.unfinished import read_unfinished
from gpusetup.machine.system.graphics_switch import read_graphics_switch
from gpusetup.machine.system.operating_system import read_system
from gpusetup.machine.system.services import read_services
from tests.fake_host import Content, Link, grow


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/run/nvidia/driver/usr/lib/x86_64-linux-gnu/libcuda.so.1", "the GPU Operator"),
        ("/run/nvidia/driver/usr/lib64/libcuda.so.1", "the GPU Operator"),
        ("/home/kubernetes/bin/nvidia/lib64/libcuda.so.1", "GKE"),
        ("/var/lib/nvidia/lib64/libcuda.so.1", "Container-Optimized OS"),
    ],
)
def test_a_driver_in_a_folder_of_its_own_is_found(tmp_path: Path, path: str, who: str) -> None:
    told = known(read_driver_container(Host(grow(tmp_path, {path: ""}))))
    assert [name for name, _ in told] == [who]


def test_an_empty_folder_of_the_operator_is_no_driver(tmp_path: Path) -> None:
    assert read_driver_container(Host(grow(tmp_path, {"/run/nvidia/driver/usr/lib64/x": ""}))) == ()


def test_a_folder_of_the_operator_that_may_not_be_listed_is_not_an_empty_one(ordinary_user: Path) -> None:
    grow(ordinary_user, {"/run/nvidia/driver/x": ""})
    (ordinary_user / "run/nvidia").chmod(0)
    told = read_driver_container(Host(ordinary_user))
    (ordinary_user / "run/nvidia").chmod(0o755)
    assert isinstance(told, Unread)
    assert told.unread == "denied"


def test_debians_alternatives_are_read_as_links(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/etc/alternatives/glx": Link("/usr/lib/mesa-diverted")}
    assert read_alternatives(Host(grow(tmp_path, tree))) == (("glx", "/usr/lib/mesa-diverted"),)


def test_a_system_without_alternatives_says_so(tmp_path: Path) -> None:
    told = read_alternatives(Host(tmp_path))
    assert isinstance(told, Unread)
    assert told.unread == "absent"


def test_a_udev_rule_that_removes_the_card_names_it_by_its_vendor(tmp_path: Path) -> None:
    rule = 'ACTION=="add", SUBSYSTEM=="pci", ATTR{vendor}=="0x10de", ATTR{class}=="0x03[0-9]*", ATTR{remove}="1"'
    told = read_udev(Host(grow(tmp_path, {"/etc/udev/rules.d/99-mine.rules": f"{rule}\n# {rule}\n"})))
    assert told == (("/etc/udev/rules.d/99-mine.rules", rule),)


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("/etc/supergfxd.conf", '{\n  "mode": "Integrated",\n  "vfio_enable": false\n}', ("supergfxctl", "Integrated")),
        ("/etc/prime-discrete", "on-demand\n", ("prime-select", "on-demand")),
        ("/sys/devices/platform/asus-nb-wmi/dgpu_disable", "1\n", ("asus-wmi", "1")),
    ],
)
def test_the_mode_of_a_switching_tool_is_read(tmp_path: Path, path: str, text: str, said: tuple[str, str]) -> None:
    assert read_graphics_switch(Host(grow(tmp_path, {path: text}))) == (said,)
    assert read_graphics_switch(Host(grow(tmp_path / "none", {"/etc/x": ""}))) == ()


STATUS = """Package: linux-image-6.12.117-amd64
Status: install ok half-configured
Version: 6.12.117-1

Package: nvidia-kernel-dkms
Status: install ok unpacked

Package: libcuda1
Status: install ok installed

Package: bash
Status: install ok half-configured

Package: nvidia-smi
Status: deinstall ok config-files

"""


def test_packages_that_dpkg_left_half_way_are_named_with_their_state(tmp_path: Path) -> None:
    told = read_unfinished(Host(grow(tmp_path, {"/var/lib/dpkg/status": STATUS})))
    assert told == ("linux-image-6.12.117-amd64: half-configured", "nvidia-kernel-dkms: unpacked")


def test_of_rpm_it_is_said_that_it_keeps_no_such_state(tmp_path: Path) -> None:
    told = read_unfinished(Host(tmp_path))
    assert isinstance(told, Unread)
    assert told.unread == "unsupported"


def test_a_derivative_says_what_it_is_like(tmp_path: Path) -> None:
    text = 'ID=pop\nID_LIKE="ubuntu debian"\n'
    assert read_system(Host(grow(tmp_path, {"/etc/os-release": text}))).distro_like == ("ubuntu", "debian")
    assert read_system(Host(grow(tmp_path / "x", {"/etc/os-release": "ID=arch\n"}))).distro_like == ()


def test_a_service_that_a_unit_requires_is_enabled(tmp_path: Path) -> None:
    """NVIDIA's suspend services are required by those of systemd, not wanted by a target."""
    tree: dict[str, Content] = {
        "/usr/lib/systemd/system/nvidia-suspend.service": "",
        "/usr/lib/systemd/system/nvidia-resume.service": "",
        "/etc/systemd/system/systemd-suspend.service.requires/nvidia-suspend.service": Link("/x"),
        "/x": "",
    }
    told = {one.name: one.enabled for one in read_services(Host(grow(tmp_path, tree)))}
    assert told == {"nvidia-suspend": True, "nvidia-resume": False}


def test_the_key_that_an_image_brings_is_one_of_the_keys(tmp_path: Path) -> None:
    path = "/etc/pki/akmods/certs/akmods-ublue.der"
    assert [key.path for key in read_mok(Host(grow(tmp_path, {path: b"x"}))).keys] == [path]
