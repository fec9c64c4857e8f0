"""The installed parts of a host or an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from gpusetup.licences.model import Part
from gpusetup.licences.of_stack import FLAVOURS, pypi_url
from gpusetup.machine.model import Unread

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine
    from gpusetup.machine.model.contents import Contents, InstalledPackage, InstalledWheel


def parts_of(contents: Contents, where: Literal["image", "environment"], machine: str) -> Iterator[Part]:
    """Yield the wheels and packages of `contents`, for the architecture `machine`."""
    for wheel in contents.wheels:
        yield _wheel(wheel, where, contents.hashes.get(f"{wheel.name}=={wheel.version}", ""))
    if any(wheel.name == "torch" for wheel in contents.wheels) and machine == "x86_64":
        yield Part(key="inside/torch-x86_64", name="Intel oneMKL (inside torch)", where=where)
    for one in contents.packages if where == "image" else ():
        yield Part(
            key=f"{one.kind}/{one.name}", name=one.name, version=one.version, where=where, licence=one.licence,
            purl=package_url(one, contents.distribution),
        )  # fmt: skip


def driver_of(machine: Machine) -> Iterator[Part]:
    """Yield the driver of a host, and NVIDIA's other software outside of Python environments."""
    driver = machine.driver
    version = next(
        (one for one in (driver.kernel_module, driver.nvml, driver.user_library) if isinstance(one, str)), ""
    )
    if version:
        yield Part(key="host/nvidia-driver", name="NVIDIA driver, user space", version=version, where="host")
        known = not isinstance(driver.module_license, Unread)
        flavour = "open" if known and "GPL" in str(driver.module_license) else "proprietary"
        if known:
            yield Part(key=f"host/nvidia-modules-{flavour}", name=FLAVOURS[flavour], version=version, where="host")
        if not isinstance(driver.gsp_firmware, Unread) and driver.gsp_firmware:
            yield Part(key="host/nvidia-gsp-firmware", name="NVIDIA GSP firmware", version=version, where="host")
    for folder, toolkit in machine.toolkits.items():
        yield Part(key="host/cuda-toolkit", name=f"CUDA Toolkit in {folder}", version=toolkit, where="host")
    if "nvidia-ctk" in machine.containers.engines:
        yield Part(key="host/nvidia-container-toolkit", name="nvidia-container-toolkit", where="host")


def _wheel(wheel: InstalledWheel, where: Literal["image", "environment"], sha256: str) -> Part:
    return Part(
        key=f"pypi/{wheel.name}",
        name=wheel.name,
        version=wheel.version,
        where=where,
        licence=wheel.licence or wheel.spdx,
        spdx=wheel.spdx,
        purl=pypi_url(wheel.name, wheel.version),
        sha256=sha256,
    )


def package_url(one: InstalledPackage, distribution: str) -> str:
    """Return the package URL of a distribution's package."""
    version, architecture = quote(one.version, safe=""), quote(one.architecture, safe="")
    return f"pkg:{one.kind}/{quote(distribution, safe='')}/{quote(one.name, safe='')}@{version}?arch={architecture}"
