"""A sample of random hosts (see random_hosts.py); ``benchmarks/random_hosts.py`` reads thousands."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from gpusetup.machine.model import Unread
from tests.fake_host import WHOLE
from tests.machine.random_hosts import CROWDED, Host, hosts, meet


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(hosts())
def test_no_host_makes_us_fail(host: Host) -> None:
    meet(host)


def test_the_whole_host_is_read_whole() -> None:
    """Spoiling means something only where the file was read before."""
    kept: Host = dict.fromkeys(WHOLE, ("keep", b"")) | {f"/{folder}": ("name", b"x") for folder in CROWDED}
    machine = meet(kept)
    unread = [name for name in machine.__struct_fields__ if isinstance(getattr(machine, name), Unread)]
    # its library is no library, nothing in it can be run, and a folder has no processes
    assert unread == ["gpus", "nvcc", "stuck"]
    assert machine.driver.kernel_module == machine.driver.user_library == "580.95.05"
    assert machine.driver.module_gcc == "15.2.1"
    assert not isinstance(machine.system.kernel.builds, Unread)
    assert [each.state for each in machine.system.kernel.builds] == ["failed", "failed"]
    assert not isinstance(machine.system.kernel.log, Unread)
    assert len(machine.system.kernel.log) == len(machine.shared_files) == 1
    assert {each.origin for each in machine.libraries} == {"ld.so.cache", "wheel", "toolkit", "default"}
    assert machine.containers.docker_runtimes == ("nvidia",)
    assert machine.toolkits == {"/usr/local/cuda-13.0": "13.0.2"}
