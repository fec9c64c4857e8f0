"""Conda's environments: a file of metadata per package, whose name tells version and build."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Package

_OF_INTEREST = (
    r"(pytorch|pytorch-cuda|pytorch-gpu|libtorch|tensorflow|tensorflow-base|tensorflow-gpu|jaxlib|cudatoolkit|cuda-version|"
    r"cuda-nvcc|cudnn|nccl|numpy|mkl|nomkl|openblas|libblas|python)-([^-]+)-([^-]+)\.json"
)


def read_conda(host: Host) -> tuple[Package, ...]:
    """Return the packages of the active environments that a GPU stack is made of; `maker` is the build."""
    return tuple(_in_environment(host)) if host.live else ()


def _in_environment(host: Host) -> Iterator[Package]:
    for prefix in dict.fromkeys((clean(sys.prefix), clean(os.environ.get("CONDA_PREFIX", "")))):
        if prefix.startswith("/"):
            for name in host.names(f"{prefix}/conda-meta"):
                if said := re.fullmatch(_OF_INTEREST, name):
                    yield Package(manager="conda", name=said[1], version=said[2], maker=said[3], place=prefix)
