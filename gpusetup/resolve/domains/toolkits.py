"""CUDA toolkits for compiling, their host compilers, and cuDNN for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.facts import systems
from gpusetup.facts.min_driver import driver_floor
from gpusetup.resolve.candidates import Compiler, Release, ToolkitCudnn, ToolkitOffer
from gpusetup.resolve.domains.wheels import support
from gpusetup.resolve.model import Archive
from gpusetup.versions import cuda, dotted
from gpusetup.versions import cudnn as cudnn_version

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.containers import ImageTag
    from gpusetup.facts.model.cuda import CudaSeries
    from gpusetup.facts.model.distribution import Distribution


def offers(facts: Facts, distro: str) -> tuple[ToolkitOffer, ...]:
    """Return the toolkits of every series, newest first: as packages, then in images, then none at all."""
    rows = sorted(facts.cuda_series, key=lambda row: cuda(row.series), reverse=True)
    of = systems.distribution(facts, distro)
    toolkit = next(row for row in facts.package if row.name == "cuda-toolkit")
    packaged = [
        ToolkitOffer(
            0,
            row,
            driver_floor(facts, row.series),
            (f"cuda-toolkit-{row.series.replace('.', '-')}",),
            seen=toolkit,
            release=_newest(facts, row),
        )
        for row in rows
    ]
    return (*packaged, *filter(None, (_contained(facts, row, of) for row in rows)), ToolkitOffer(2))


def _newest(facts: Facts, series: CudaSeries) -> str:
    """Return the newest release of a series, which is what its package installs; "" when none has a row."""
    releases = [row.release for row in facts.cuda if row.series == series.series]
    return max(releases, key=cuda, default="")


def _contained(facts: Facts, row: CudaSeries, of: Distribution) -> ToolkitOffer | None:
    tags = [one for one in facts.image_tag if cuda(one.cuda).series == row.series and _with_nvcc(one, of)]
    if not tags:
        return None
    tag = max(tags, key=lambda one: cuda(one.cuda))
    image = f"{_registry(facts, tag)}:{_with_nvcc(tag, of)}"
    return ToolkitOffer(1, row, driver_floor(facts, row.series), of.container_packages, image, tag, release=tag.cuda)


def _with_nvcc(tag: ImageTag, of: Distribution) -> str:
    """Return the tag with nvcc on the newest system, preferably without cuDNN; "" when none was seen."""
    devel = [one for one in tag.tags if of.toolkit_image in one]
    # without cuDNN the image is a gigabyte smaller, and frameworks bring their own
    return max(devel, key=lambda one: ("cudnn" not in one, dotted(one.rpartition(of.toolkit_image)[2])), default="")


def _registry(facts: Facts, tag: ImageTag) -> str:
    return next(row.registry for row in facts.image if row.registry.endswith(tag.image))


def compilers(facts: Facts, release: Release) -> tuple[Compiler, ...]:
    """Return the system's gcc, the older ones packaged beside it, and none (nothing is compiled on the host)."""
    row = release.row
    found = [Compiler(row.gcc_major, row)] if row.gcc_major else []
    for major, packages in row.side_gcc.items():
        seen = next((one for one in facts.package if one.name == packages[-1]), row)
        found.append(Compiler(int(major), seen, packages, release.of.side_compiler.format(major=major)))
    return (*found, Compiler())


def cudnn(facts: Facts, machine: str = "x86_64") -> tuple[ToolkitCudnn, ...]:
    """Return cuDNN for compiling: as archives whose SHA-256 is on record, newest first, then none."""
    if machine != "x86_64":
        return (ToolkitCudnn(),)  # the archives on record are for x86_64
    found = []
    for row in sorted(facts.cudnn, key=lambda row: cudnn_version(row.version), reverse=True):
        for tarball in row.tarballs:
            if tarball.url and tarball.sha256 and tarball.cuda.isdecimal():
                archive = Archive(url=tarball.url, sha256=tarball.sha256)
                found.append(ToolkitCudnn(row, int(tarball.cuda), support(facts, row.version), archive))
    return (*found, ToolkitCudnn())
