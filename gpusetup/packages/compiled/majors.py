"""The CUDA that packages say they were built for: in their names, their local versions and their wheels' names.

``cupy-cuda12x``, ``cudf-cu12``, ``flash_attn-2.8.3+cu12torch2.8cxx11abi``: a wheel for one CUDA major does not load the
libraries of another, and a resolver sees only names that differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.packages.model import Package, Resolution

IN_NAME = r"-cu(?:da)?-?(\d{2})(?:x|\d)?$"
IN_LOCAL = r"\+(?:[a-z0-9.]*?)cu(?:da)?(\d{2})"
NVIDIA = "nvidia-"
"""NVIDIA's own libraries follow from the framework that was chosen: they are no choice of the user's."""


def built_for(package: Package) -> int | None:
    """Return the CUDA major that a package names, None where it names none."""
    found = re.search(IN_NAME, package.name) or re.search(IN_LOCAL, package.version)
    return int(found[1]) if found else None


def others(found: Resolution, cuda: str) -> Iterator[tuple[Package, int]]:
    """Yield the packages that were built for another CUDA major than that of the environment, ``13.2``."""
    own = int(cuda.partition(".")[0]) if cuda else None
    for package in found.packages:
        major = built_for(package)
        if major is not None and major != own and not package.name.startswith(NVIDIA) and not _of_jax(package):
            yield package, major


def _of_jax(package: Package) -> bool:
    return package.name.startswith("jax-cuda")
