"""Read everything from one host, once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gpusetup import __version__
from gpusetup.errors import WrongInputError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine
from gpusetup.machine.nvml.question import Question

if TYPE_CHECKING:
    from pathlib import Path


def read(sysroot: Path | str, deadline: float, meanwhile: Callable[[], object] | None = None) -> Machine:
    """Return the host under `sysroot`; the driver may take `deadline` seconds, and is asked while the rest is read.

    `meanwhile` is work of the caller's own that needs no machine, such as its imports, done while the driver works.
    Raises `WrongInputError` when `sysroot` is not a folder. Whatever else cannot be read says so in its place.
    """
    if not os.path.isdir(sysroot):
        raise WrongInputError(f"{sysroot} is not a folder", "give the folder that holds the host's files")
    host = Host(sysroot)
    question = Question(host, deadline)
    try:
        if meanwhile is not None:
            meanwhile()
        return _read_beside(host, question)
    finally:
        question.abandon()


def _read_beside(host: Host, question: Question) -> Machine:
    """Read all that needs no driver, then hear the driver; even the imports are done while the child works."""
    from gpusetup.machine.containers.engines import read_containers  # noqa: PLC0415
    from gpusetup.machine.gpu.device_nodes import read_device_nodes, read_majors, read_slices  # noqa: PLC0415
    from gpusetup.machine.gpu.driver import read_driver  # noqa: PLC0415
    from gpusetup.machine.gpu.pci import read_bus  # noqa: PLC0415
    from gpusetup.machine.gpu.stuck import read_stuck  # noqa: PLC0415
    from gpusetup.machine.gpu.udev import read_udev  # noqa: PLC0415
    from gpusetup.machine.packages.conda import read_conda  # noqa: PLC0415
    from gpusetup.machine.packages.installed import read_packages  # noqa: PLC0415
    from gpusetup.machine.software.distributions import read_distributions  # noqa: PLC0415
    from gpusetup.machine.software.libraries import gone, read_cached, read_libraries  # noqa: PLC0415
    from gpusetup.machine.software.owners import own  # noqa: PLC0415
    from gpusetup.machine.software.toolkits import read_nvcc, read_toolkits  # noqa: PLC0415
    from gpusetup.machine.software.wheels import read_owned, shared_files  # noqa: PLC0415
    from gpusetup.machine.system.operating_system import read_system  # noqa: PLC0415

    system = read_system(host)
    toolkits = read_toolkits(host)
    distributions = read_distributions(host)
    owned = read_owned(host, distributions)
    packages = read_packages(host)
    cached = read_cached(host)
    libraries = own(host, read_libraries(host, system.arch, toolkits, distributions, cached), packages, owned)
    bus = read_bus(host)
    beside: dict[str, Any] = {
        "device_nodes": read_device_nodes(host),
        "device_majors": read_majors(host),
        "slices": read_slices(host),
        "containers": read_containers(host, packages),
        "conda": read_conda(host),
        "udev": read_udev(host),
        "libraries_gone": gone(host, cached),
        "shared_files": shared_files(owned),
    }
    answer = question.answer()
    return Machine(
        gpusetup=__version__,
        read_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        sysroot=host.root,
        system=system,
        driver=read_driver(host, answer.driver, libraries),
        gpus=answer.gpus,
        pci=bus.cards,
        nvswitches=bus.switches,
        other_displays=bus.other_displays,
        toolkits=toolkits,
        nvcc=read_nvcc(host),
        distributions=distributions,
        packages=packages,
        libraries=libraries,
        stuck=read_stuck(host, answer.gpus),
        **beside,
    )
