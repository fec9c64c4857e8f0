"""Drivers and toolkits from NVIDIA's own installers (.run files), each verified by its SHA-256 or not offered.

They are considered only on request (``--repo runfile``): the package manager does not track an installer, so nothing
updates its files, and packages are the better choice on every release that has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.facts import systems
from gpusetup.facts.min_driver import driver_floor
from gpusetup.resolve.candidates import DriverOffer, TensorflowWheel, ToolkitCudnn, ToolkitOffer
from gpusetup.resolve.domains.drivers import branch_of, conflicts, flavours
from gpusetup.resolve.domains.wheels import cuda_series, support
from gpusetup.resolve.model import Archive
from gpusetup.versions import cuda, dotted, driver
from gpusetup.versions import cudnn as cudnn_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts
    from gpusetup.facts.model.cuda import CudaRow, DriverRunfile
    from gpusetup.facts.model.distribution import DriverOwner
    from gpusetup.resolve.candidates import Release

PROGRAM = "10.1"
"""The first CUDA whose installer is a program; those before it are scripts that need an interpreter."""


def drivers(facts: Facts, distro: str, machine: str = "x86_64") -> tuple[DriverOffer, ...]:
    """Return the drivers of the driver installers, newest first, then those inside the CUDA installers.

    There are none on a distribution of which no row says what an installer needs there.
    """
    owner = next((one for one in systems.owners(facts, distro) if one.comes == "installer"), None)
    if owner is None:
        return ()
    alone = sorted(facts.driver_runfile, key=lambda row: driver(row.version), reverse=True)
    of_x86 = _driver_runfiles(facts, owner, alone) if machine == "x86_64" else ()
    return (*of_x86, *_cuda_runfiles(facts, owner, machine))


def _driver_runfiles(facts: Facts, owner: DriverOwner, rows: list[DriverRunfile]) -> Iterator[DriverOffer]:
    for row in rows:
        yield from _offers(facts, owner, row.version, row, Archive(url=row.url, sha256=row.sha256))


def _cuda_runfiles(facts: Facts, owner: DriverOwner, machine: str) -> Iterator[DriverOffer]:
    seen: set[str] = set()
    for row in sorted(facts.cuda, key=lambda row: cuda(row.release), reverse=True):
        if row.driver_bundled and row.driver_bundled not in seen:
            seen.add(row.driver_bundled)
            more = owner.scripted_installer if cuda(row.series) < cuda(PROGRAM) else ()
            yield from _offers(facts, owner, row.driver_bundled, row, _archive(row, machine), more)


def _offers(
    facts: Facts, owner: DriverOwner, version: str, row: CudaRow | DriverRunfile, archive: Archive | None,
    more: tuple[str, ...] = (),
) -> Iterator[DriverOffer]:  # fmt: skip
    line = owner.lines[0]
    branch = branch_of(facts, version)
    for flavour in flavours(branch) if branch else ():
        assert branch is not None
        builds = line.open if flavour == "open" else line.proprietary
        yield DriverOffer(owner, version, branch, flavour, row, (*builds, *more),
                          conflicts(facts, owner, line, flavour), runfile=archive)  # fmt: skip


def _archive(row: CudaRow, machine: str) -> Archive | None:
    url, sha256 = row.runfile_url, row.runfile_sha256
    if machine == "aarch64":
        url, sha256 = row.runfile_aarch64_url, row.runfile_aarch64_sha256
    return Archive(url=url, sha256=sha256) if url and sha256 else None


def toolkits(facts: Facts, machine: str = "x86_64", *, runtime: bool) -> tuple[ToolkitOffer, ...]:
    """Return the newest installer of each CUDA series whose SHA-256 is known; `runtime`: frameworks load from it."""
    found = []
    for series in sorted(facts.cuda_series, key=lambda row: cuda(row.series), reverse=True):
        rows = [row for row in facts.cuda if row.series == series.series and _archive(row, machine)]
        if rows:
            row = max(rows, key=lambda one: cuda(one.release))
            floor, archive = driver_floor(facts, series.series), _archive(row, machine)
            found.append(
                ToolkitOffer(0, series, floor, seen=row, runfile=archive, runtime=runtime, release=row.release)
            )
    return tuple(found)


def tensorflow(facts: Facts, release: Release) -> tuple[TensorflowWheel, ...]:
    """Return the releases of TensorFlow that load CUDA and cuDNN from the host, for the Python of `release`.

    Empty where some release with NVIDIA wheels supports that Python as well.
    """
    python = release.row.python
    # wheels of NVIDIA's are the better choice wherever they exist
    if not python or any(row.and_cuda for row in facts.tensorflow if python in row.python):
        return ()
    listed = next(row for row in facts.rule if row.id == "rule-tensorflow-driver")
    found = []
    for row in sorted(facts.tensorflow, key=lambda row: dotted(row.release), reverse=True):
        series = cuda_series(facts, row.cuda)
        if python in row.python and series is not None:
            found.append(
                TensorflowWheel(row, True, row if row.cc else listed, series, driver_floor(facts, row.cuda), True)
            )
    return tuple(found)


def cudnn(facts: Facts) -> tuple[ToolkitCudnn, ...]:
    """Return the archives of cuDNN made for one CUDA series (before 11), newest first."""
    found = []
    for row in sorted(facts.cudnn, key=lambda row: cudnn_version(row.version), reverse=True):
        for one in row.tarballs:
            if one.url and one.sha256 and "." in one.cuda:
                archive = Archive(url=one.url, sha256=one.sha256)
                found.append(ToolkitCudnn(row, cuda(one.cuda).major, support(facts, row.version), archive,
                                          series=one.cuda))  # fmt: skip
    return tuple(found)
