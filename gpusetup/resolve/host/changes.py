"""What is on a machine now, beside what a plan leaves on it: one row per component."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.facts import systems
from gpusetup.resolve.host.reading import value_of
from gpusetup.resolve.model import GIVEN, Change

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.model import Environment, Stack

UNKNOWN = "not known"


def changes(stack: Stack, machine: Machine, facts: Facts) -> tuple[Change, ...]:
    """Return driver, frameworks, toolkit and parts of a server, as they are on `machine` and as `stack` leaves them."""
    return (
        *_driver(stack, machine, facts),
        *_frameworks(stack, machine),
        *_toolkit(stack, machine),
        *_parts(stack, machine),
    )


def _driver(stack: Stack, machine: Machine, facts: Facts) -> Iterator[Change]:
    new, stays = stack.driver, stack.staying_driver
    if new or stays:
        kept = f"{stays}, {GIVEN[whose]}" if (whose := stack.request.driver_of) else f"{stays} stays"
        owner = systems.owner_title(facts, stack.request.distro, new.repo) if new else ""
        after = f"{new.version}, {new.flavour} modules, {owner}" if new else kept
        yield Change(component="driver", now=_driver_now(machine), after=after)


def _driver_now(machine: Machine) -> str:
    for reading in (machine.driver.nvml, machine.driver.kernel_module, machine.driver.user_library):
        if version := value_of(reading):
            works = reading is machine.driver.nvml
            return str(version) if works else f"{version}, does not answer"
    drivers = {one.driver for one in value_of(machine.pci) or () if one.driver}
    return " ".join(sorted(drivers))


def _frameworks(stack: Stack, machine: Machine) -> Iterator[Change]:
    for environment in stack.environments:
        for name in environment.frameworks:
            version = next(one.text for one in environment.requirements if re.match(rf"{name}\b", one.text))
            after = f"{version.partition('==')[2]}, {_libraries(environment)}"
            component = f"{name} ({environment.name})" if stack.request.environments else name
            yield Change(component=component, now=_installed(machine, name), after=after)


def _libraries(environment: Environment) -> str:
    cuda = f"CUDA {environment.cuda}" if environment.cuda else "CPU"
    return f"{cuda}, Python {environment.python}"


def _installed(machine: Machine, name: str) -> str:
    names = {name, f"{name}-cpu", f"{name}_cpu"}
    found = dict.fromkeys(one.version for one in machine.distributions if one.name.lower() in names)
    return ", ".join(found)


def _toolkit(stack: Stack, machine: Machine) -> Iterator[Change]:
    kit = stack.toolkit
    if kit.via == "none":
        return
    now = ", ".join(dict.fromkeys(version or UNKNOWN for version in machine.toolkits.values()))
    after = f"CUDA {kit.series}" + (", in a container" if kit.via == "container" else "")
    if kit.host_compiler:
        after += f", with {kit.host_compiler}"
    yield Change(component="nvcc", now=f"CUDA {now}" if now else "", after=after)


def _parts(stack: Stack, machine: Machine) -> Iterator[Change]:
    packages = {one.name: one.version for one in value_of(machine.packages) or ()}
    for part in stack.parts:
        now = next((packages[name] for name in part.packages if name in packages), "")
        if not part.packages:
            now = _service(machine, part.services[0])
        after = part.version or " ".join(part.packages) or "enabled"
        if now != after:
            yield Change(component=part.name, now=now, after=after)


def _service(machine: Machine, name: str) -> str:
    services = {one.name: one for one in value_of(machine.system.services) or ()}
    return ("enabled" if services[name].enabled else "disabled") if name in services else ""
