"""What is on a machine now, beside what a plan leaves on it: one row per component."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from gpusetup.resolve.model import OWNERS, Change

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine, Reading
    from gpusetup.resolve.model import Environment, Stack

T = TypeVar("T")
UNKNOWN = "not known"


def changes(stack: Stack, machine: Machine) -> tuple[Change, ...]:
    """Return driver, frameworks, toolkit and parts of a server, as they are on `machine` and as `stack` leaves them."""
    return (*_driver(stack, machine), *_frameworks(stack, machine), *_toolkit(stack, machine), *_parts(stack, machine))


def _driver(stack: Stack, machine: Machine) -> Iterator[Change]:
    stays = next((one.value for one in stack.choices if one.component == "driver"), "")
    if not stays:
        return
    new = stack.driver
    after = f"{new.version}, {new.flavour} modules, {OWNERS[new.repo]}" if new else _kept(stack, stays)
    yield Change(component="driver", now=_driver_now(machine), after=after)


def _kept(stack: Stack, stays: str) -> str:
    version = stays.removesuffix(" (stays)")
    return f"{version}, that of Windows" if stack.request.wsl else f"{version} stays"


def _driver_now(machine: Machine) -> str:
    for reading in (machine.driver.nvml, machine.driver.kernel_module, machine.driver.user_library):
        if version := _value(reading):
            works = reading is machine.driver.nvml
            return str(version) if works else f"{version}, does not answer"
    drivers = {one.driver for one in _value(machine.pci) or () if one.driver}
    return " ".join(sorted(drivers))


def _frameworks(stack: Stack, machine: Machine) -> Iterator[Change]:
    for environment in stack.environments:
        for name in environment.frameworks:
            version = next(one.text for one in environment.requirements if re.match(rf"{name}\b", one.text))
            after = f"{version.partition('==')[2]}, {_libraries(environment)}"
            yield Change(component=name, now=_installed(machine, name), after=after)


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
    packages = {one.name: one.version for one in _value(machine.packages) or ()}
    for part in stack.parts:
        now = next((packages[name] for name in part.packages if name in packages), "")
        if not part.packages:
            now = _service(machine, part.services[0])
        after = part.version or " ".join(part.packages) or "enabled"
        if now != after:
            yield Change(component=part.name, now=now, after=after)


def _service(machine: Machine, name: str) -> str:
    services = {one.name: one for one in _value(machine.system.services) or ()}
    return ("enabled" if services[name].enabled else "disabled") if name in services else ""


def _value(reading: Reading[T]) -> T | None:
    from gpusetup.machine.model import Unread  # already loaded with the machine

    return None if isinstance(reading, Unread) else reading
