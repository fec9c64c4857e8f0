"""Reads everything but the driver, and combines it with the driver's answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gpusetup import __version__
from gpusetup.machine.budget import within
from gpusetup.machine.containers.engines import read_containers
from gpusetup.machine.gpu.device_nodes import CAPABILITIES, read_device_nodes, read_majors, read_slices
from gpusetup.machine.gpu.driver import read_driver
from gpusetup.machine.gpu.pci import read_bus
from gpusetup.machine.gpu.stuck import read_stuck
from gpusetup.machine.gpu.udev import read_udev
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.nvml.client import Nvml
from gpusetup.machine.packages.conda import read_conda
from gpusetup.machine.packages.installed import read_packages
from gpusetup.machine.software.distributions import read_distributions
from gpusetup.machine.software.libraries import CACHE, gone, read_cached, read_libraries
from gpusetup.machine.software.needed import read_needed
from gpusetup.machine.software.owners import own
from gpusetup.machine.software.toolkits import read_nvcc, read_toolkits, with_packaged
from gpusetup.machine.software.wheels import read_owned, shared_files
from gpusetup.machine.system.operating_system import read_system

Step = Callable[[str], object]
"""Called with the topic that is read next."""


def read_beside(host: Host, answer: Callable[[], Nvml], step: Step = len) -> Machine:
    """Read everything that needs no driver, then collect the driver's answers; `step` is called before each topic."""
    step("the system")
    system = read_system(host)
    step("toolkits")
    toolkits = read_toolkits(host)
    step("Python distributions")
    distributions = read_distributions(host)
    owned = read_owned(host, distributions)
    step("packages")
    packages = within(host, "the packages", read_packages)
    step("libraries")
    cached = within(host, CACHE, read_cached)
    libraries = own(host, read_libraries(host, system.arch, toolkits, distributions, cached), packages, owned)
    needed = within(host, "nvidia/*/lib", lambda host: read_needed(host, system.arch, distributions, cached))
    step("the PCI bus")
    bus = read_bus(host)
    step("containers and devices")
    beside: dict[str, Any] = {
        "device_nodes": within(host, "/dev", read_device_nodes),
        "device_majors": within(host, "/proc/devices", read_majors),
        "slices": within(host, CAPABILITIES, read_slices),
        "containers": read_containers(host, packages),
        "conda": read_conda(host),
        "udev": within(host, "udev's rules", read_udev),
        "libraries_gone": within(host, CACHE, lambda host: gone(host, cached)),
        "shared_files": shared_files(owned),
    }
    step("the driver")
    nvml = answer()
    return Machine(
        gpusetup=__version__,
        read_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        sysroot=host.root,
        system=system,
        driver=read_driver(host, nvml.driver, libraries),
        gpus=nvml.gpus,
        pci=bus.cards,
        nvswitches=bus.switches,
        other_displays=bus.other_displays,
        toolkits=with_packaged(toolkits, packages),
        nvcc=read_nvcc(host),
        distributions=distributions,
        packages=packages,
        libraries=libraries,
        needed=needed,
        stuck=read_stuck(host, nvml.gpus),
        **beside,
    )
