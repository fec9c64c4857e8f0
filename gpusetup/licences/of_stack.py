"""The parts of a planned stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.distributions import required
from gpusetup.facts import systems
from gpusetup.licences.model import Part
from gpusetup.resolve.chosen.locked_requirements import locked
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.chosen.locked_requirements import LockedEnvironment
    from gpusetup.resolve.model import HostDriver, Stack, Toolkit

FLAVOURS = {"open": "NVIDIA's open kernel modules", "proprietary": "NVIDIA's proprietary kernel modules"}


def parts_of(stack: Stack, facts: Facts) -> Iterator[Part]:
    """Yield the parts that `stack` names: on the host and in its Python environments."""
    if stack.driver is not None:
        yield from _driver(stack.driver, _builder(stack, facts))
    yield from _toolkit(stack.toolkit)
    for package in stack.container_packages:
        yield Part(key=f"host/{package}", name=package, where="host")
    for environment in stack.environments:
        yield from _environment(locked(environment, facts), stack.request.machine_arch)


def _driver(driver: HostDriver, builder: str) -> Iterator[Part]:
    version = driver.version
    yield Part(key="host/nvidia-driver", name="NVIDIA driver, user space", version=version, where="host")
    yield Part(
        key=f"host/nvidia-modules-{driver.flavour}", name=FLAVOURS[driver.flavour], version=version, where="host"
    )
    if driver.flavour == "open":
        yield Part(key="host/nvidia-gsp-firmware", name="NVIDIA GSP firmware", version=version, where="host")
    if builder:
        yield Part(key=f"host/{builder}", name=builder, where="host")


def _builder(stack: Stack, facts: Facts) -> str:
    """Return what builds the modules of the driver's owner on the machine, "" where that is no part of its own."""
    if stack.driver and stack.driver.prebuilt:
        return ""
    rows = systems.owners(facts, stack.request.distro)
    return next((one.builder for one in rows if stack.driver and one.name == stack.driver.repo), "")


def _toolkit(kit: Toolkit) -> Iterator[Part]:
    if kit.via == "container":
        image, _, tag = kit.image.partition(":")
        yield Part(key=f"image/{image}", name=image, version=tag, where="host")
    elif kit.via != "none":
        yield Part(key="host/cuda-toolkit", name="CUDA Toolkit", version=kit.series, where="host")
    if kit.cudnn:
        yield Part(key="host/cudnn", name="cuDNN for compiling", version=kit.cudnn, where="host")


def _environment(environment: LockedEnvironment, machine: str) -> Iterator[Part]:
    names = set()
    for requirement in environment.requirements:
        name, version = required(requirement.text), requirement.text.partition("==")[2]
        names.add(name)
        yield _wheel(name, version, requirement.sha256 or "")
    for built in environment.built:
        yield _wheel(built.name, built.text.partition("==")[2])
    # torch's x86_64 wheels link oneMKL statically; its own metadata does not mention it
    if "torch" in names and machine == "x86_64":
        yield Part(key="inside/torch-x86_64", name="Intel oneMKL (inside torch)", where="environment")
    if environment.cuda:
        yield from _cuda_wheels(environment, names)


def _cuda_wheels(environment: LockedEnvironment, named: set[str]) -> Iterator[Part]:
    """Yield the CUDA libraries that the frameworks' GPU wheels depend on."""
    variant = f"cu{cuda(environment.cuda).major}"
    yield Part(key="pypi/nvidia-cuda", name="CUDA libraries in wheels (nvidia-*)", version=environment.cuda,
               where="environment")  # fmt: skip
    cudnn = f"nvidia-cudnn-{variant}"
    if cudnn not in named:
        yield _wheel(cudnn, environment.cudnn)
    yield _wheel(f"nvidia-nccl-{variant}", "")
    if "torch" in named:
        yield _wheel("triton", "")


def _wheel(name: str, version: str, sha256: str = "") -> Part:
    purl = pypi_url(name, version)
    return Part(key=f"pypi/{name}", name=name, version=version, where="environment", purl=purl, sha256=sha256)


def pypi_url(name: str, version: str) -> str:
    """Return the package URL of a Python distribution; in a version, + is encoded as %2B."""
    return f"pkg:pypi/{name}" + (f"@{version.replace('+', '%2B')}" if version else "")
