"""The wheels: PyTorch in every variant, TensorFlow with and without NVIDIA's wheels, cuDNN."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from gpusetup.facts.min_driver import driver_floor
from gpusetup.resolve.candidates import CudnnWheel, TensorflowWheel, TorchWheel
from gpusetup.versions import cuda, dotted
from gpusetup.versions import cudnn as cudnn_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.facts import Facts
    from gpusetup.facts.model.cuda import CudaSeries
    from gpusetup.facts.model.cudnn import CudnnSupport
    from gpusetup.facts.model.frameworks import Torch, TorchBuild

CPU = "cpu"
NO_CUDA = "rule-tensorflow-aarch64-no-cuda"


def torch(facts: Facts, machine: str = "x86_64") -> tuple[TorchWheel, ...]:
    """Return the builds of each release, newest first: its default variant, the others by CUDA, the CPU's last."""
    found: list[TorchWheel] = []
    for row in sorted(facts.torch, key=lambda row: dotted(row.release), reverse=True):
        builds = [one for one in facts.torch_build if row.release in one.releases and one.machine == machine]
        # the default variant is what PyPI has, and what PyTorch tests most
        builds.sort(key=lambda one: (one.variant == row.default_variant, cuda(series(one.cuda))), reverse=True)
        found += [_gpu_wheel(facts, row, build) for build in builds]
        if builds or machine == "x86_64":  # for aarch64 only what is known to be built
            found.append(TorchWheel(row, CPU))
    return tuple(found)


def _gpu_wheel(facts: Facts, row: Torch, build: TorchBuild) -> TorchWheel:
    return TorchWheel(
        row,
        build.variant,
        build,
        build if build.cc else _predecessor(facts, row, build),
        cuda_series(facts, build.cuda),
        driver_floor(facts, build.cuda),
        support(facts, build.cudnn) if build.cudnn else None,
    )


def _predecessor(facts: Facts, row: Torch, build: TorchBuild) -> TorchBuild | None:
    """Return the newest earlier build of the same variant whose capabilities are known."""
    older = [
        (dotted(release), one)
        for one in facts.torch_build
        if one.variant == build.variant and one.cc and one.machine == build.machine
        for release in one.releases
        if dotted(release) < dotted(row.release)
    ]
    return max(older, key=lambda pair: pair[0])[1] if older else None


def tensorflow(facts: Facts, machine: str = "x86_64") -> tuple[TensorflowWheel, ...]:
    """Return the releases, newest first, each with NVIDIA's wheels and then without."""
    no_cuda = next(row for row in facts.rule if row.id == NO_CUDA) if machine == "aarch64" else None
    listed = next(row for row in facts.rule if row.id == "rule-tensorflow-driver")
    found = []
    for row in sorted(facts.tensorflow, key=lambda row: dotted(row.release), reverse=True):
        of_cuda = cuda_series(facts, row.cuda)
        if of_cuda is None:
            continue  # TensorFlow 1.12 and CUDA 9: no series in the tables
        kernels = row if row.cc else listed
        for gpu in (True, False):
            floor = driver_floor(facts, row.cuda) if gpu else None
            without = no_cuda if gpu else None
            found.append(TensorflowWheel(row, gpu, kernels, of_cuda, floor, no_cuda=without))
    return tuple(found)


def cudnn(facts: Facts) -> tuple[CudnnWheel, ...]:
    """Return the cuDNN wheels that some TensorFlow requires, newest first."""
    return cudnn_wheels(facts, {row.and_cuda_cudnn for row in facts.tensorflow})


def cudnn_wheels(facts: Facts, requirements: Iterable[str]) -> tuple[CudnnWheel, ...]:
    """Return the wheels of the packages that `requirements` name (``nvidia-cudnn-cu12>=9.3``), newest first."""
    rows = sorted(facts.cudnn, key=lambda row: cudnn_version(row.version), reverse=True)
    asked = {re.split("[<>=]", one)[0] for one in requirements}
    wheels = ((row, package) for row in rows for package in row.pip if package in asked)
    return tuple(CudnnWheel(row, package, support(facts, row.version)) for row, package in wheels)


@functools.cache
def support(facts: Facts, version: str) -> CudnnSupport:
    """Return the row of NVIDIA's support matrices that applies to a cuDNN release.

    Matrices were found for some releases only. A release between two of them is assumed to support no more than the
    next newer one. Of rows for the same releases the one with the lowest capability counts, since they differ by CUDA
    version, which the wheel decides.
    """
    wanted = cudnn_version(version)
    # a row that ends at 9.10 speaks of every 9.10.x
    reach = [row for row in facts.cudnn_support if cudnn_version(row.last).key >= wanted.key[: _length(row.last)]]
    if not reach:
        newest = max(cudnn_version(row.last) for row in facts.cudnn_support)
        reach = [row for row in facts.cudnn_support if cudnn_version(row.last) == newest]
    nearest = min(cudnn_version(row.last) for row in reach)
    rows = [row for row in reach if cudnn_version(row.last) == nearest]
    return min(rows, key=lambda row: dotted(row.cc_min))


@functools.cache
def series(release: str) -> str:
    """Return the series of a CUDA release: ``12.6`` of ``12.6.3``."""
    return cuda(release).series


@functools.cache
def cuda_series(facts: Facts, release: str) -> CudaSeries | None:
    """Return the row about the series of a CUDA release, or None."""
    wanted = series(release)
    return next((row for row in facts.cuda_series if row.series == wanted), None)


def _length(version: str) -> int:
    return version.count(".") + 1
