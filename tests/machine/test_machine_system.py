"""Secure Boot keys, SELinux, limits, services and the processor, from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.model import Service, Unread
from gpusetup.machine.system.limits import read_cpu_limit, read_memory_limit
from gpusetup.machine.system.processor import read_features
from gpusetup.machine.system.security import read_selinux, read_selinux_devices
from gpusetup.machine.system.services import read_services
from tests.fake_host import Content, Link, grow


@pytest.mark.parametrize(
    ("tree", "mode"),
    [
        ({"/sys/fs/selinux/enforce": "1"}, "enforcing"),
        ({"/sys/fs/selinux/enforce": "0"}, "permissive"),
        ({"/etc/selinux/config": "# SELINUX=enforcing\nSELINUX=disabled\n"}, "disabled"),
        ({"/etc/selinux/config": "SELINUX=enforcing\n"}, None),
        ({"/sys/fs/selinux/enforce": "7"}, None),
    ],
)
def test_selinux(tmp_path: Path, tree: dict[str, Content], mode: str | None) -> None:
    read = read_selinux(Host(grow(tmp_path, tree)))
    assert (None if isinstance(read, Unread) else read) == mode


def test_the_selinux_boolean(tmp_path: Path) -> None:
    tree: dict[str, Content] = {"/sys/fs/selinux/booleans/container_use_devices": "1 1"}
    assert read_selinux_devices(Host(grow(tmp_path, tree))) is True


V2 = "/sys/fs/cgroup"


@pytest.mark.parametrize(
    ("tree", "memory", "cpus"),
    [
        (
            {"/proc/self/cgroup": "0::/a/b\n", f"{V2}/a/b/memory.max": "max\n", f"{V2}/a/b/cpu.max": "max 100000\n"},
            -1,
            -1,
        ),
        (
            {
                "/proc/self/cgroup": "0::/a/b\n",
                f"{V2}/a/b/memory.max": "2000\n",
                f"{V2}/a/memory.max": "1000\n",
                f"{V2}/a/b/cpu.max": "150000 100000\n",
            },
            1000,
            1.5,
        ),
        (
            {
                "/proc/self/cgroup": "4:memory:/d\n3:cpu,cpuacct:/d\n1:name=systemd:/\n",
                f"{V2}/memory/d/memory.limit_in_bytes": "4096\n",
                f"{V2}/memory/memory.limit_in_bytes": "9223372036854771712\n",
                f"{V2}/cpu/d/cpu.cfs_quota_us": "50000\n",
                f"{V2}/cpu/d/cpu.cfs_period_us": "100000\n",
                f"{V2}/cpu/cpu.cfs_quota_us": "-1\n",
                f"{V2}/cpu/cpu.cfs_period_us": "100000\n",
            },
            4096,
            0.5,
        ),
        ({"/proc/self/cgroup": "nonsense\n0::/../../etc\n::\n", f"{V2}/cpu.max": "1 0"}, -1, -1),
        ({"/proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "1 00"}, -1, -1),
        ({"/proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "\u00b2 100000"}, -1, -1),
    ],
)
def test_the_lowest_limit_of_the_groups_holds(
    tmp_path: Path, tree: dict[str, Content], memory: int, cpus: float
) -> None:
    host = Host(grow(tmp_path, tree))
    assert (read_memory_limit(host), read_cpu_limit(host)) == (memory, cpus)


def test_without_its_control_group_a_process_knows_no_limit(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert isinstance(read_memory_limit(host), Unread)
    assert isinstance(read_cpu_limit(host), Unread)


def test_services_are_installed_enabled_and_running_apart(tmp_path: Path) -> None:
    units = "/usr/lib/systemd/system"
    tree: dict[str, Content] = {
        f"{units}/nvidia-persistenced.service": "",
        f"{units}/akmods.service": "",
        f"{units}/sshd.service": "",
        "/etc/systemd/system/multi-user.target.wants/akmods.service": Link(f"{units}/akmods.service"),
        "/sys/fs/cgroup/system.slice/nvidia-persistenced.service": None,
    }
    assert read_services(Host(grow(tmp_path, tree))) == (
        Service(name="akmods", enabled=True, running=False),
        Service(name="nvidia-persistenced", enabled=False, running=True),
    )


def test_features_are_those_wheels_are_compiled_for() -> None:
    assert read_features("processor : 0\nflags : fpu avx2 avx sse4_2 nx\n") == ("sse4_2", "avx", "avx2")
    assert isinstance(read_features("processor : 0\n"), Unread)
