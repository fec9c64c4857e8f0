"""What lies around the GPU: bridges, udev, processes, disks, the network, users' files, earlier starts."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from gpusetup.doctor.rule import known
from gpusetup.machine.containers.engines import read_containers
from gpusetup.machine.gpu.acs import read_acs
from gpusetup.machine.gpu.device_nodes import read_slices
from gpusetup.machine.gpu.pci import read_bus
from gpusetup.machine.gpu.stuck import read_stuck
from gpusetup.machine.gpu.udev import read_udev
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.log import read_earlier_log
from gpusetup.machine.kernel.running import read_kernel
from gpusetup.machine.model import Module, Package, Process, Unread
from gpusetup.machine.software.compiler import read_system_packages
from gpusetup.machine.software.keras import read_keras_backend
from gpusetup.machine.software.libraries import gone, read_cached
from gpusetup.machine.software.toolkits import read_nvcc
from gpusetup.machine.system.image import read_image
from gpusetup.machine.system.network import read_infiniband
from gpusetup.machine.system.processor import read_allowed_cpus
from gpusetup.machine.system.security import read_selinux_denials, read_user_namespace
from gpusetup.machine.system.storage import read_disks
from gpusetup.machine.system.upkeep import read_notebook, read_reboot_required, read_uptime
from tests.doctor.machines import machine
from tests.fake_host import Content, Link, grow

BRIDGE = "/sys/devices/pci0000:00/0000:00:01.0"
CARD = f"{BRIDGE}/0000:01:00.0"


def bridge(control: int, *, first: int = 0x0001) -> bytes:
    """Return a bridge's configuration: an extended capability `first`, then ACS with this control register."""
    chain = struct.pack("<I", first | 1 << 16 | 0x140 << 20)
    acs = struct.pack("<IHH", 0x000D | 1 << 16, 0xFF, control)
    return (b"\0" * 0x100 + chain).ljust(0x140, b"\0") + acs.ljust(0xEC0, b"\0")


@pytest.mark.parametrize(("control", "told"), [(0x1D, True), (0x0C, True), (0x04, True), (0x11, False), (0, False)])
def test_a_bridge_that_redirects_peers_is_seen(tmp_path: Path, control: int, told: bool) -> None:
    tree: dict[str, Content] = {f"{BRIDGE}/config": bridge(control), f"{CARD}/vendor": "0x10de\n"}
    assert read_acs(Host(grow(tmp_path, tree)), CARD) is told


def test_what_only_root_may_see_of_a_bridge_is_denied(tmp_path: Path) -> None:
    told = read_acs(Host(grow(tmp_path, {f"{BRIDGE}/config": b"\0" * 64, f"{CARD}/vendor": ""})), CARD)
    assert isinstance(told, Unread)
    assert told.unread == "denied"


def test_a_chain_of_capabilities_that_bites_its_tail_ends(tmp_path: Path) -> None:
    loop = (b"\0" * 0x100 + struct.pack("<I", 1 | 0x100 << 20)).ljust(4096, b"\0")
    assert read_acs(Host(grow(tmp_path, {f"{BRIDGE}/config": loop, f"{CARD}/vendor": ""})), CARD) is False


def test_the_bus_counts_switches_and_others_displays(tmp_path: Path) -> None:
    devices = "/sys/bus/pci/devices"
    kinds = {"01": ("0x10de", "0x030200"), "02": ("0x10de", "0x068000"), "03": ("0x10de", "0x068000")}
    kinds |= {"04": ("0x8086", "0x030000"), "05": ("0x8086", "0x068000"), "06": ("0x1002", "0x038000")}
    tree: dict[str, Content] = {}
    for slot, (vendor, code) in kinds.items():
        tree |= {f"{devices}/0000:{slot}:00.0/vendor": vendor, f"{devices}/0000:{slot}:00.0/class": code}
    bus = read_bus(Host(grow(tmp_path, tree)))
    assert (bus.switches, bus.other_displays) == (2, ("8086", "1002"))
    assert not isinstance(bus.cards, Unread)
    assert len(bus.cards) == 1


def test_udev_is_read_where_it_speaks_of_nvidia(tmp_path: Path) -> None:
    rule = 'KERNEL=="nvidia*", MODE="0660", \\\n GROUP="video"\n'
    tree: dict[str, Content] = {
        "/etc/udev/rules.d/99-mine.rules": f'# nvidia\n{rule}KERNEL=="sda"\n',
        "/usr/lib/udev/rules.d/60-nvidia.rules": 'SUBSYSTEM=="pci", ATTR{vendor}=="0x10de", RUN+="nvidia-modprobe"\n',
        "/usr/lib/udev/rules.d/50-udev-default.rules": 'KERNEL=="nvidia*"\n',
        "/lib": Link("usr/lib"),
    }
    told = read_udev(Host(grow(tmp_path, tree)))
    assert not isinstance(told, Unread)
    assert [path.rpartition("/")[2] for path, _ in told] == ["99-mine.rules", "60-nvidia.rules"]
    assert told[0][1].startswith('KERNEL=="nvidia*", MODE="0660",')


def test_a_dead_process_is_stuck_when_the_driver_hangs() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        end = time.monotonic() + 20
        while Path(f"/proc/{child.pid}/stat").read_text().rpartition(") ")[2][:1] != "Z":
            assert time.monotonic() < end
            time.sleep(0.01)
        hangs = Unread(unread="timeout", source="nvmlInit")
        told = read_stuck(Host(Path("/")), hangs)
        assert not isinstance(told, Unread)
        assert any(name.startswith(f"{child.pid} (") and state == "dead, not collected" for name, state in told)
        assert read_stuck(Host(Path("/")), ()) == ()
    finally:
        child.wait()


def test_disks_and_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    disks = read_disks(Host(Path("/")))
    assert not isinstance(disks, Unread)
    told = os.statvfs(tmp_path)
    assert [each.use for each in disks] == ["root", "temporary files", "caches"]
    assert (disks[2].path, disks[2].total) == (str(tmp_path), told.f_blocks * told.f_frsize)
    listed = read_allowed_cpus(Host(Path("/")))
    assert isinstance(listed, str)
    spans = [part.split("-") for part in listed.split(",")]
    cpus = {cpu for span in spans for cpu in range(int(span[0]), int(span[-1]) + 1)}
    assert cpus == os.sched_getaffinity(0)


def test_ports_tell_their_state(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/sys/class/infiniband/mlx5_0/ports/1/state": "4: ACTIVE\n",
        "/sys/class/infiniband/mlx5_1/ports/1/state": "1: DOWN\n",
    }
    assert read_infiniband(Host(grow(tmp_path, tree))) == (("mlx5_0/1", "ACTIVE"), ("mlx5_1/1", "DOWN"))


def test_notes_of_the_system(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/proc/uptime": "86400.25 1.0\n",
        "/run/reboot-required": "",
        "/sys/class/dmi/id/chassis_type": "10\n",
        "/proc/self/uid_map": "         0       1000          1\n",
    }
    host = Host(grow(tmp_path, tree))
    assert (read_uptime(host), read_reboot_required(host), read_notebook(host)) == (86400.25, True, True)
    assert read_user_namespace(host) is True
    for number, said in enumerate(("9" * 5000, " ", "1.2.3 4", "-1 2")):
        nonsense = read_uptime(Host(grow(tmp_path / str(number), {"/proc/uptime": said})))
        assert isinstance(nonsense, Unread)
        assert nonsense.unread == "failed"


@pytest.mark.parametrize(
    ("tree", "image"),
    [
        ({"/run": None}, ""),
        ({"/run/ostree-booted": ""}, "ostree"),
        ({"/run/ostree-booted": "", "/usr/bin/bootc": ""}, "ostree"),
        (
            {
                "/run/ostree-booted": "",
                "/usr/bin/bootc": "",
                "/ostree/deploy/default/deploy/1.origin": "[origin]\ncontainer-image-reference=ostree-unverified\n",
            },
            "bootc",
        ),
    ],
)
def test_a_system_that_is_an_image_says_so(tmp_path: Path, tree: dict[str, Content], image: str) -> None:
    assert read_image(Host(grow(tmp_path, tree))) == image


def test_denials_are_those_of_nvidia(tmp_path: Path) -> None:
    ours = 'type=AVC msg=audit(1.0:1): avc:  denied  { read write } for  comm="python" name="nvidiactl"'
    tree: dict[str, Content] = {"/var/log/audit/audit.log": f'x\n{ours}\navc:  denied  {{ read }} name="shadow"\n'}
    assert read_selinux_denials(Host(grow(tmp_path, tree))) == (ours,)


def test_keras_own_file_names_the_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    live = Host(Path("/"))
    assert isinstance(read_keras_backend(live), Unread)
    (tmp_path / "keras.json").write_text('{"floatx": "float32", "backend": "jax"}')
    assert read_keras_backend(live) == "jax"
    (tmp_path / "keras.json").write_text("{")
    assert isinstance(read_keras_backend(live), Unread)


XID = "Nov 20 03:00:00 host kernel: NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus."


def test_earlier_starts_are_told_from_this_one(tmp_path: Path) -> None:
    start = "Nov 20 04:00:00 host kernel: Linux version 7.0.4 (gcc)\n"
    now = XID.replace(": 79,", ": 13,")
    host = Host(grow(tmp_path, {"/var/log/kern.log": f"{XID}\n{start}{now}\n"}))
    assert read_earlier_log(host) == ("[Nov 20 03:00:00] " + XID.partition("kernel: ")[2],)
    log = read_kernel(host).log
    assert not isinstance(log, Unread)
    assert [": 13," in line for line in log] == [True]


def test_modules_are_told_by_sysfs_where_proc_is_silent(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/sys/module/nvidia/version": "580.95.05\n",
        "/sys/module/nvidia/initstate": "live\n",
        "/sys/module/nouveau/parameters/x": "",  # built in: it has no state
        "/sys/module/ext4/initstate": "live\n",
    }
    assert read_kernel(Host(grow(tmp_path, tree))).modules == (Module(name="nvidia", version="580.95.05"),)


def test_engines_have_the_versions_of_their_packages(tmp_path: Path) -> None:
    def package(name: str, version: str) -> Package:
        return Package(manager="dpkg", name=name, version=version)

    packages = (
        package("docker-ce", "5:28.5.1-1~debian.12~bookworm"),
        package("podman", "4.3.1+ds1-8+deb12u1"),
        package("nvidia-container-toolkit", "1.19.1-1"),
    )
    tree: dict[str, Content] = {
        "/etc/containerd/config.toml": 'runtime_type = "io.containerd.runc.v2"\n',
        "/var/lib/kubelet/device-plugins/kubelet.sock": "",
        "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint": "",
        "/dev/char/195:255": "",
    }
    told = read_containers(Host(grow(tmp_path, tree)), packages)
    assert told.versions == {"docker": "28.5.1", "podman": "4.3.1", "nvidia-ctk": "1.19.1"}
    assert (told.containerd_nvidia, told.device_plugins, told.char_links) == (False, ("kubelet.sock",), True)


def test_what_the_linkers_cache_names_and_is_gone(tmp_path: Path) -> None:
    names = b"libcuda.so.1\0/usr/lib64/libcuda.so.1\0"
    entry = struct.pack("<iIIIQ", 3, 72, 85, 0, 0)
    cache = b"glibc-ld.so.cache1.1" + (1).to_bytes(4, "little") + b"\0" * 24 + entry + names
    host = Host(grow(tmp_path, {"/etc/ld.so.cache": cache}))
    assert gone(host, read_cached(host)) == ("/usr/lib64/libcuda.so.1",)
    grow(tmp_path, {"/usr/lib64/libcuda.so.1": ""})
    assert gone(host, read_cached(host)) == ()


def test_the_slices_are_those_of_the_drivers_folders(tmp_path: Path) -> None:
    folder = "/proc/driver/nvidia/capabilities"
    tree: dict[str, Content] = {
        f"{folder}/mig/config": "DeviceFileMinor: 1\n",
        f"{folder}/gpu0/mig/gi7/access": "DeviceFileMinor: 66\n",
        f"{folder}/gpu0/mig/gi7/ci0/access": "DeviceFileMinor: 67\n",
        f"{folder}/gpu3/mig/gi11/ci1/access": "DeviceFileMinor: 400\n",
    }
    assert read_slices(Host(grow(tmp_path / "cut", tree))) == (("0", "7/0"), ("3", "11/1"))
    assert read_slices(Host(grow(tmp_path / "whole", {f"{folder}/gpu0/mig": None}))) == ()
    missing = read_slices(Host(grow(tmp_path / "none", {"/proc": None})))
    assert isinstance(missing, Unread)
    assert missing.unread == "absent"


def test_nvcc_is_the_one_that_its_links_lead_to(tmp_path: Path) -> None:
    tree: dict[str, Content] = {
        "/usr/local/cuda-13.2/bin/nvcc": "",
        "/usr/local/cuda": Link("cuda-13.2"),
        "/usr/bin/nvcc": Link("/usr/local/cuda/bin/nvcc"),
    }
    root = grow(tmp_path / "with", tree)
    (root / "usr/local/cuda-13.2/bin/nvcc").chmod(0o755)
    assert read_nvcc(Host(root)) == "/usr/local/cuda-13.2/bin/nvcc"
    assert isinstance(read_nvcc(Host(grow(tmp_path / "without", {"/usr/bin": None}))), Unread)


@pytest.mark.parametrize(
    ("text", "sees"),
    [
        ("home = /usr/bin\ninclude-system-site-packages = true\n", True),
        ("include-system-site-packages = false\nversion = 3.13\n", False),
        ("home = /usr/bin\n", False),
    ],
)
def test_an_environment_says_whether_it_sees_the_systems_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sees: bool
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert isinstance(read_system_packages(Host(Path("/"))), Unread)
    (tmp_path / "pyvenv.cfg").write_text(text)
    assert read_system_packages(Host(Path("/"))) is sees


def test_any_of_crios_files_may_name_the_runtime(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/etc/crio/crio.conf": "[crio.runtime]\n", "/etc/crio/crio.conf.d/10.conf": "x\n"}
    root = grow(tmp_path / "root", tree)
    assert read_containers(Host(root), ()).crio_nvidia is False
    grow(root, {"/etc/crio/conf.d/99-nvidia.toml": "[crio.runtime.runtimes.nvidia]\n"})
    assert read_containers(Host(root), ()).crio_nvidia is True
    assert isinstance(read_containers(Host(grow(tmp_path / "none", {"/etc": None})), ()).crio_nvidia, Unread)


def test_a_holder_that_is_gone_is_told_and_a_living_one_is_not() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    held = [Process(pid=pid, memory=1, graphics=False) for pid in (os.getpid(), ended.pid)]
    (gpu,) = known(machine("desktop").gpus)
    gpus = (msgspec.structs.replace(gpu, processes=tuple(held)),)
    assert read_stuck(Host(Path("/")), gpus) == ((str(ended.pid), "gone"),)
