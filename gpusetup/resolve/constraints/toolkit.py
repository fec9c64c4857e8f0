"""The CUDA toolkits that can compile on this host for these cards, with which compiler and cuDNN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.resolve.candidates import CardKind, Compiler, DriverOffer, Release, ToolkitCudnn, ToolkitOffer
from gpusetup.resolve.constraints.wheels import above_floor, documented
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, fails, holds
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts.model.cuda import CudaSeries


@constraint("toolkit")
def toolkit_is_offered(toolkit: ToolkitOffer) -> ConstraintResult:
    """Say where the toolkit comes from."""
    if toolkit.seen is None:
        return holds()
    if toolkit.runfile:
        return holds(because(toolkit.seen, "the SHA-256 of NVIDIA's installer is on record"))
    where = (
        f"the image {toolkit.image} has nvcc" if toolkit.image else f"{toolkit.packages[0]} is nvcc without a driver"
    )
    return holds(because(toolkit.seen, where))


@constraint("card", "toolkit")
def toolkit_targets_card(card: CardKind, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand an nvcc that can compile for the card."""
    if toolkit.series is None:
        return holds()
    first, last = card.arch.cuda_first, card.arch.cuda_last
    series = cuda(toolkit.series.series)
    if series < cuda(first):
        return fails(because(card.arch, f"{card.arch.arch} is a target from CUDA {first} on"))
    if last and series > cuda(last):
        return fails(because(card.arch, f"CUDA {last} is the last that compiles for {card.arch.arch}"))
    text = f"CUDA {last} is the last that compiles for {card}" if last else f"CUDA {series} compiles for {card}"
    return holds(because(card.arch, text))


@constraint("driver", "toolkit")
def driver_runs_toolkit(driver: DriverOffer, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand a driver that can run programs built with the toolkit."""
    if toolkit.series is None:
        return holds()
    return above_floor(driver, toolkit.floor, toolkit.series.series, f"CUDA {toolkit.series.series}")


@constraint("release", "toolkit")
def repository_carries_toolkit(release: Release, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand that the directory of NVIDIA's repository for this release has the series."""
    repo = release.repo
    if toolkit.series is None or toolkit.tier or toolkit.runfile:
        return holds()
    if repo is None or not release.of.toolkit_repository:
        return fails(because(release.row, f"no repository with the CUDA toolkit for {release} is in the tables"))
    series = cuda(toolkit.series.series)
    # a directory for one release of a distribution begins with the CUDA that came out after it
    if repo.toolkit_first and series < cuda(repo.toolkit_first):
        return fails(because(repo, f"NVIDIA's directory {repo.directory} starts at CUDA {repo.toolkit_first}"))
    if release.toolkit_last and series > cuda(release.toolkit_last):
        text = f"NVIDIA's directory {repo.directory} ends at CUDA {release.toolkit_last}"
        return fails(because(release.toolkit_last_row, text))
    own = (
        f"{release} uses NVIDIA's directory {repo.directory}"
        if release.row.nvidia_repo_exact
        else f"{release} has no directory of its own at NVIDIA; {repo.directory} is used"
    )
    return holds(because(release.row, own))


@constraint("release", "toolkit")
def headers_suit_glibc(release: Release, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand a toolkit whose headers do not clash with the C library; an older compiler does not help there."""
    if toolkit.series is None or toolkit.tier or release.glibc_row is None:
        return holds()
    for clash in release.clashes:
        if cuda(toolkit.series.series) <= cuda(clash.series_last):
            return fails(
                because(release.glibc_row, f"{release} has glibc {release.glibc} or newer"),
                because(clash, f"with glibc {clash.glibc_from} or newer the headers of CUDA {clash.series_last} and "
                               f"older break: {clash.symptom}"),
            )  # fmt: skip
    return holds()


@constraint("release", "toolkit")
def release_has_compiler(release: Release, toolkit: ToolkitOffer) -> ConstraintResult:
    """Demand that the release has some gcc that nvcc accepts.

    It follows from the constraint on the compiler; stated by itself it rules out a toolkit before compilers are tried.
    """
    series = toolkit.series
    if (
        series is None
        or toolkit.tier
        or toolkit.runtime
        or any(series.gcc_min <= gcc <= series.gcc_max for gcc in release.gcc)
    ):
        return holds()
    have = " and ".join(map(str, release.gcc)) or "of unknown version"
    return fails(because(series, _accepted(series)), because(release.row, f"{release} has gcc {have}"))


@constraint("driver", "toolkit", soft=True)
def driver_takes_toolkit_ptx(driver: DriverOffer, toolkit: ToolkitOffer) -> ConstraintResult:
    """Prefer a toolkit no newer than the driver's CUDA: the driver rejects PTX of a newer one at run time."""
    if toolkit.series is None or not driver.branch.cuda_max:
        return holds()
    fits = cuda(toolkit.series.series) <= cuda(driver.branch.cuda_max)
    text = f"driver {driver.version} accepts PTX up to CUDA {driver.branch.cuda_max}"
    return ConstraintResult(fits, (because(driver.branch, text if fits else f"{text}; {toolkit} generates newer PTX"),))


@constraint("toolkit", "compiler")
def nvcc_accepts_compiler(toolkit: ToolkitOffer, compiler: Compiler) -> ConstraintResult:
    """Demand a host compiler within nvcc's range if it compiles on the host, and none otherwise."""
    if toolkit.series is None or toolkit.seen is None:
        # no toolkit, no compiler: else each compiler would make a stack of its own that differs in nothing
        return ConstraintResult(not compiler.major)
    if toolkit.tier:
        return ConstraintResult(not compiler.major, (because(toolkit.seen, "the image has its own compiler"),))
    series = toolkit.series
    if compiler.row is None:
        text = f"nvcc of CUDA {series.series} needs a host compiler"
        return ConstraintResult(toolkit.runtime, (because(series, text),))
    text = _accepted(series)
    if series.gcc_min <= compiler.major <= series.gcc_max:
        return holds(because(series, text), because(compiler.row, f"{compiler} is available"))
    return fails(because(series, f"{text}, not {compiler.major}"))


def _accepted(series: CudaSeries) -> str:
    span = f"{series.gcc_min} to {series.gcc_max}" if series.gcc_min else f"up to {series.gcc_max}"
    return f"nvcc of CUDA {series.series} accepts gcc {span}"


@constraint("toolkit", "toolkit_cudnn")
def cudnn_suits_toolkit(toolkit: ToolkitOffer, cudnn: ToolkitCudnn) -> ConstraintResult:
    """Demand cuDNN built for the toolkit's CUDA major."""
    if cudnn.row is None:
        return holds()
    if toolkit.series is None:
        return ConstraintResult(False)
    made_for = cudnn.series or str(cudnn.major)
    # before CUDA 11 an archive was for one series, since then for a major
    if made_for in (toolkit.series.series, str(cuda(toolkit.series.series).major)):
        text = f"cuDNN {cudnn.row.version} has an archive with a checksum for CUDA {made_for}"
        return holds(because(cudnn.row, text))
    return fails(because(cudnn.row, f"this archive of cuDNN {cudnn.row.version} is for CUDA {made_for}"))


@constraint("card", "toolkit_cudnn")
def toolkit_cudnn_knows_card(card: CardKind, cudnn: ToolkitCudnn) -> ConstraintResult:
    """Demand a cuDNN whose support matrix includes the card."""
    if cudnn.row is None or cudnn.support is None:
        return holds()
    return documented(card, cudnn.row.version, cudnn.support)
