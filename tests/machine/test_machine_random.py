"""A sample of random hosts (see random_hosts.py); ``benchmarks/random_hosts.py`` reads thousands."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gpusetup.machine.model import Unread
from tests.machine.random_hosts import CROWDED, Host, hosts, meet, whole_host

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with whole_host() as planted:
        yield planted


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(host=hosts())
def test_no_host_makes_us_fail(host: Host, folder: Path) -> None:
    meet(host, folder)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(host=hosts())
def test_a_host_is_whole_again_before_the_next(host: Host, folder: Path) -> None:
    before = listed(folder)
    meet(host, folder)
    assert listed(folder) == before


def listed(folder: Path) -> set[tuple[Path, int, bytes]]:
    """Return every path below `folder` with its type, its mode and what it holds."""
    found = ((path, path.lstat().st_mode) for path in folder.rglob("*"))
    return {(path, mode, path.read_bytes() if stat.S_ISREG(mode) else b"") for path, mode in found}


def test_the_whole_host_is_read_whole(folder: Path) -> None:
    """Spoiling means something only where the file was read before."""
    machine = meet({f"/{crowded}": ("name", b"x") for crowded in CROWDED}, folder)
    unread = [name for name in machine.__struct_fields__ if isinstance(getattr(machine, name), Unread)]
    # its library is no library, nothing in it can be run, and a folder has no processes
    assert unread == ["gpus", "nvcc", "stuck"]
    assert machine.driver.kernel_module == machine.driver.user_library == "580.95.05"
    assert machine.driver.module_gcc == "15.2.1"
    assert not isinstance(machine.system.kernel.builds, Unread)
    assert [each.state for each in machine.system.kernel.builds] == ["failed", "building"]
    assert not isinstance(machine.system.kernel.log, Unread)
    assert len(machine.system.kernel.log) == len(machine.shared_files) == 1
    assert {each.origin for each in machine.libraries} == {"ld.so.cache", "wheel", "toolkit", "default"}
    assert machine.containers.docker_runtimes == ("nvidia",)
    assert machine.toolkits == {"/usr/local/cuda-13.0": "13.0.2"}
