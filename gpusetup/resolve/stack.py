"""Turn a solution into the `Stack` from which a recipe is rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.resolve.domains.toolkits import CONTAINER_PACKAGES
from gpusetup.resolve.environments import environments
from gpusetup.resolve.explanation import choices
from gpusetup.resolve.model import HostDriver, Stack, Toolkit
from gpusetup.resolve.parts import parts
from gpusetup.resolve.repositories import repositories
from gpusetup.resolve.warnings import warnings

if TYPE_CHECKING:
    from datetime import date

    from gpusetup.facts import Facts
    from gpusetup.resolve.candidates import DriverOffer
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.search import Solution

NO_DETECTION = ("%_without_kmod_nvidia_detect 1",)
"""RPM macro that makes RPM Fusion's akmod build the proprietary modules (fact ``rule-kernel-module-list-gaps``)."""
DISTRO_NAMES = {"fedora": "Fedora Linux"}


def assemble(request: Request, solution: Solution, facts: Facts, today: date) -> Stack:
    """Return the stack that `solution` describes."""
    driver = _driver(solution)
    toolkit = _toolkit(solution)
    offer: DriverOffer | None = solution.get("driver")
    extra = tuple(parts(request, facts, offer.version)) if offer else ()
    return Stack(
        request=request,
        distro_name=DISTRO_NAMES[request.distro],
        release=str(solution["release"].row.release),
        repositories=repositories(
            facts,
            solution["release"],
            driver,
            toolkit,
            containers=request.containers or toolkit.via == "container",
            parts=any(one.packages for one in extra),
            present=request.present_owner,
        ),
        driver=driver,
        toolkit=toolkit,
        environments=environments(request, solution, facts),
        choices=choices(solution),
        container_packages=CONTAINER_PACKAGES if request.containers or toolkit.via == "container" else (),
        parts=extra,
        warnings=tuple(warnings(request, solution, facts, today)),
    )


def _driver(solution: Solution) -> HostDriver | None:
    offer: DriverOffer | None = solution.get("driver")
    if offer is None or not offer.repo:
        return None
    return HostDriver(
        repo=offer.repo,
        branch=offer.branch.branch,
        version=offer.version,
        flavour=offer.flavour,
        packages=offer.packages,
        conflicts=offer.conflicts,
        rpm_macros=NO_DETECTION if offer.repo == "rpmfusion" and offer.flavour == "proprietary" else (),
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
