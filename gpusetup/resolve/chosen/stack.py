"""Turn a solution into the `Stack` from which a recipe is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from gpusetup.resolve.chosen.environments import environments
from gpusetup.resolve.chosen.repositories import repositories
from gpusetup.resolve.chosen.warnings import warnings
from gpusetup.resolve.model import HostDriver, Stack, Toolkit
from gpusetup.resolve.parts import parts
from gpusetup.resolve.told.explanation import choices

if TYPE_CHECKING:
    from datetime import date

    from gpusetup.facts import Facts
    from gpusetup.resolve.candidates import DriverOffer, Release
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.solver.search import Solution


def assemble(request: Request, solution: Solution, facts: Facts, today: date) -> Stack:
    """Return the stack that `solution` describes."""
    driver = _driver(solution)
    toolkit = _toolkit(solution)
    offer: DriverOffer | None = solution.get("driver")
    release: Release = solution["release"]
    request = request if request.distro else replace(request, distro=release.of.name)
    extra = tuple(parts(request, facts, offer.version, release.of)) if offer else ()
    containers = request.containers or toolkit.via == "container"
    return Stack(
        request=request,
        distro_name=release.of.full_name,
        release=release.row.release,
        repositories=repositories(
            facts,
            release,
            driver,
            toolkit,
            containers=containers,
            parts=any(one.packages for one in extra),
            present=request.present_owner,
        ),
        driver=driver,
        toolkit=toolkit,
        environments=environments(request, solution, facts),
        choices=choices(solution),
        container_packages=release.of.container_packages if containers else (),
        parts=extra,
        warnings=tuple(warnings(request, solution, facts, today)),
    )


def _driver(solution: Solution) -> HostDriver | None:
    offer: DriverOffer | None = solution.get("driver")
    if offer is None or offer.owner is None:
        return None
    return HostDriver(
        repo=offer.repo,
        branch=offer.branch.branch,
        version=offer.version,
        flavour=offer.flavour,
        packages=offer.packages,
        conflicts=offer.conflicts,
        rpm_macros=offer.owner.proprietary_macros if offer.flavour == "proprietary" else (),
        stream=offer.stream or UNSET,
        prebuilt=offer.prebuilt or UNSET,
        runfile=offer.runfile,
    )


def _toolkit(solution: Solution) -> Toolkit:
    offer = solution.get("toolkit")
    if offer is None or offer.series is None:
        return Toolkit(series="", via="none")
    compiler, cudnn = solution["compiler"], solution["toolkit_cudnn"]
    return Toolkit(
        series=offer.series.series,
        via="container" if offer.image else "runfile" if offer.runfile else "repo",
        packages=() if offer.image else offer.packages,
        runfile=offer.runfile,
        runtime=offer.runtime,
        image=offer.image,
        host_compiler=compiler.command,
        host_compiler_packages=compiler.packages,
        cudnn=cudnn.row.version if cudnn.row else "",
        cudnn_archive=cudnn.archive,
    )
