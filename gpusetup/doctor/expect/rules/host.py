"""EXP02…: the driver, the services and the machine around the GPUs."""

from __future__ import annotations

from gpusetup.doctor.expect.making import expectation, unmet
from gpusetup.doctor.expect.model import Expected
from gpusetup.doctor.expect.ranges import in_range
from gpusetup.doctor.gpu.cards import driver_version
from gpusetup.doctor.rule import RuleResults, known, there
from gpusetup.machine.model import Machine, Service

GIB = 1 << 30


@expectation("EXP021", "expected-driver", "The driver is not the expected one")
def driver(machine: Machine, expected: Expected) -> RuleResults:
    """``driver = ">=580.65.06, <590"``, ``driver = "580"``, ``cuda = ">=13.0"``: the driver, or the newest CUDA that it
    runs, is outside that range.
    """
    said = expected.said
    if said.driver is not None:
        found = driver_version(machine)
        if found is None or not in_range(found, said.driver):
            yield unmet(expected, "driver", said.driver, found or "missing")
    if said.cuda is not None and not in_range(cuda := known(machine.driver.cuda), said.cuda):
        yield unmet(expected, "cuda", said.cuda, cuda)


@expectation("EXP022", "expected-service", "A service is not as expected")
def services(machine: Machine, expected: Expected) -> RuleResults:
    """``[services]`` with ``nvidia-fabricmanager = "running"`` (or ``"enabled"``, ``"stopped"``): the service of that
    name is in another state. Only NVIDIA's services and those that build or update drivers are read.
    """
    installed = {one.name: one for one in machine.system.services}
    for name, wanted in expected.said.services.items():
        found = installed.get(name)
        if not _is(found, wanted):
            yield unmet(expected, f"services.{name}", wanted, _words(found))


def _is(found: Service | None, wanted: str) -> bool:
    if found is None:
        return wanted == "stopped"
    return found.enabled if wanted == "enabled" else known(found.running) is (wanted == "running")


def _words(found: Service | None) -> str:
    if found is None:
        return "not installed"
    return f"{'running' if there(found.running) else 'not running'}, {'enabled' if found.enabled else 'not enabled'}"


@expectation("EXP023", "expected-host", "The machine around the GPUs is not as expected")
def host(machine: Machine, expected: Expected) -> RuleResults:
    """``[host]`` with ``cpus``, ``memory_gib`` (at least), ``infiniband_ports`` (active ones) and ``kernel`` (how its
    release begins): a processor is offline, memory or an adapter is missing, another kernel runs.
    """
    said, system = expected.said.host, machine.system
    if said.cpus is not None and system.cpus != said.cpus:
        yield unmet(expected, "host.cpus", said.cpus, str(system.cpus))
    if said.memory_gib is not None and (total := known(system.memory_bytes)) < said.memory_gib * GIB:
        yield unmet(expected, "host.memory_gib", said.memory_gib, f"{total / GIB:.1f} GiB")
    if said.infiniband_ports is not None:
        active = sum(state == "ACTIVE" for _, state in there(system.infiniband) or ())
        if active != said.infiniband_ports:
            yield unmet(expected, "host.infiniband_ports", said.infiniband_ports, str(active))
    if said.kernel is not None and not (release := known(system.kernel.release)).startswith(said.kernel):
        yield unmet(expected, "host.kernel", said.kernel, release)
