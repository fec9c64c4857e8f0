"""Rows about container images and tools."""

from __future__ import annotations

from datetime import date
from typing import Literal

from gpusetup.facts.model.fact import Fact


class Image(Fact):
    """One family of container images."""

    registry: str
    mirrors: tuple[str, ...] = ()
    tag_pattern: str = ""
    distros: tuple[str, ...] = ()
    flavors: tuple[str, ...] = ()


class ImageTag(Fact):
    """Tags of nvidia/cuda that exist for one CUDA release."""

    image: str
    cuda: str
    flavors: tuple[str, ...]
    ubuntu: tuple[str, ...]
    cudnn_major: int


class Ngc(Fact):
    """What one monthly NGC framework image holds."""

    month: str
    image: str
    cuda: str
    os: str = ""
    python: str = ""
    framework: str = ""
    cublas: str = ""
    cudnn: str = ""
    nccl: str = ""
    tensorrt: str = ""
    driver_min: str = ""
    cc_min: str = ""


class ContainerToolkit(Fact):
    """One release of the NVIDIA Container Toolkit."""

    version: str
    released: date


class ContainerCommand(Fact):
    """Commands that set up or show GPU access from containers."""

    commands: tuple[str, ...]


class Selinux(Fact):
    """One SELinux boolean, option or symptom that decides whether a container reaches the GPU."""

    kind: Literal["boolean", "option", "symptom"]
    name: str
    effect: str
    default: bool | None = None
    set: str = ""
