"""TKT: the CUDA toolkit against compiler, C library, card and driver."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.doctor.gpu.cards import cards, cite, driver_version
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, UnreadError, fix, info, listed, rule, there, unknown, warning
from gpusetup.doctor.software.installed_defects import REMEDY, SOURCE, known_defects
from gpusetup.doctor.software.min_driver import known_floor
from gpusetup.facts import facts
from gpusetup.facts.find import arch_of, targets
from gpusetup.facts.model.defects import Defect
from gpusetup.machine.model import Machine, Unread
from gpusetup.versions import cuda, dotted, driver

OF_PACKAGES = ("/usr/lib/cuda", "/usr/lib/nvidia-cuda-toolkit")
"""Where Debian's package has its toolkit."""


def each_toolkit(machine: Machine) -> Iterator[tuple[str, str]]:
    """Every toolkit; its series is what is judged, "" where nothing tells its version."""
    for folder, version in machine.toolkits.items():
        yield f"CUDA toolkit {folder.rpartition('/')[2]}", cuda(version).series if version else ""


def each_own_toolkit(machine: Machine) -> Iterator[tuple[str, str]]:
    """Every toolkit as NVIDIA releases it. Debian's package has a script for nvcc that takes a compiler which nvcc
    accepts, and headers that are patched for its own C library.
    """
    for folder, version in machine.toolkits.items():
        if folder not in OF_PACKAGES:
            yield f"CUDA toolkit {folder.rpartition('/')[2]}", cuda(version).series if version else ""


def _known(series: str) -> str:
    """Return `series`; without one the rule ends as unknown."""
    if not series:
        raise UnreadError(Unread(unread="failed", source="the toolkit's version", detail="no file or package tells it"))
    return series


def each_release(machine: Machine) -> Iterator[tuple[str, str]]:
    """Every toolkit whose whole version is known (``12.2.1``)."""
    for folder, version in machine.toolkits.items():
        if version.count(".") > 1:
            yield f"CUDA toolkit {folder.rpartition('/')[2]}", version


@rule(
    "TKT001",
    "nvcc-gcc-unsupported",
    "nvcc does not support the system's gcc",
    worst="info",
    over=each_own_toolkit,
    source="facts: cuda_series (host_config.h of each toolkit)",
    remedies=("older-compiler",),
)
def compiler(machine: Machine, series: str) -> RuleResults:
    """Nvcc stops with "unsupported GNU version" when the host's gcc is newer than it knows. An older compiler beside
    the system's own, named by NVCC_CCBIN, solves it; ``--allow-unsupported-compiler`` is the last resort.
    """
    series = _known(series)
    row = listed((row for row in facts().cuda_series if row.series == series), f"the compilers of CUDA {series}")
    named = machine.system.environment.get("NVCC_CCBIN", "")
    # distributions call a second compiler g++-14 or gcc-14: without a number its name says nothing of its version
    gcc = (re.search(r"-(\d+)$", named) or [""] * 2)[1] if named else there(machine.system.gcc)
    if named and not gcc:
        yield unknown(
            f"cannot check whether nvcc {series} accepts {named}: its name has no version", f"NVCC_CCBIN={named}"
        )
    if gcc and dotted(gcc.partition(".")[0]) > dotted(str(row.gcc_max)):
        yield info(
            f"nvcc {series} refuses gcc {gcc}",
            cite(row, f"it accepts gcc up to {row.gcc_max}"),
            fix=fix("older-compiler", gcc=str(row.gcc_max)),
        )


@rule(
    "TKT005",
    "cuda-home-differs",
    "CUDA_HOME and PATH point to different toolkits",
    worst="info",
    required=False,
    source="PyTorch: torch.utils.cpp_extension (CUDA_HOME); CMake: FindCUDAToolkit (nvcc on the path)",
)
def two_toolkits(machine: Machine) -> RuleResults:
    """Python extensions are compiled by the toolkit that CUDA_HOME or CUDA_PATH names, programs by the ``nvcc`` on the
    path: they are of different versions here, so what one compiles may not link with the other.
    """
    environment = machine.system.environment
    named = environment.get("CUDA_HOME") or environment.get("CUDA_PATH", "")
    nvcc = there(machine.nvcc)
    home = _version_below(machine, f"{named.rstrip('/')}/") if named else ""
    found = _version_below(machine, nvcc) if nvcc else ""
    # by series: patch releases of one share headers and libraries
    if home and found and cuda(home).series != cuda(found).series:
        yield info(f"CUDA_HOME is CUDA {home}, nvcc on the path is {found}", f"CUDA_HOME={named}", f"nvcc: {nvcc}")


def _version_below(machine: Machine, path: str) -> str:
    """Return the version of the toolkit that `path` lies in, "" where that is not known."""
    return next((version for folder, version in machine.toolkits.items() if path.startswith(f"{folder}/")), "")


@rule(
    "TKT002",
    "cuda-headers-glibc",
    "CUDA headers fail to compile with this glibc",
    worst="warning",
    over=each_own_toolkit,
    source="facts: glibc",
    remedies=("newer-toolkit",),
)
def c_library(machine: Machine, series: str) -> RuleResults:
    """Glibc declares mathematical functions that the toolkit's headers declare otherwise: nothing compiles, whatever
    the compiler. A newer toolkit or a container solves it.
    """
    series = _known(series)
    libc = (there(machine.system.libc) or "").removeprefix("glibc ")
    for row in facts().glibc if libc and libc[0].isdecimal() else ():
        # both bounds: from this glibc on, up to the last toolkit whose headers clash with it
        if cuda(series) <= cuda(row.series_last) and dotted(libc) >= dotted(row.glibc_from):
            yield warning(
                f"CUDA {series} cannot be compiled against glibc {libc}",
                cite(row, row.symptom),
                fix=fix("newer-toolkit"),
            )
            return


@rule(
    "TKT003",
    "nvcc-no-architecture",
    "nvcc cannot compile for this GPU's compute capability",
    worst="warning",
    after=("GPU001",),
    over=each_toolkit,
    source="facts: arch",
    remedies=("fitting-toolkit",),
)
def target(machine: Machine, series: str) -> RuleResults:
    """This toolkit has no target for the card's compute capability: the card is too new for it, or was dropped."""
    series = _known(series)
    for card in cards(machine):
        listed([row] if (row := arch_of(facts(), card.capability)) else [], f"compute capability {card.capability}")
        if not targets(facts(), series, card.capability):
            yield warning(
                f"CUDA {series} has no target for the {card.name} ({card.subject})",
                f"compute capability {card.capability} ({card.known_by})",
                fix=fix("fitting-toolkit"),
            )


@rule(
    "TKT006",
    "nvcc-newer-than-driver",
    "nvcc is newer than the CUDA version of the driver",
    worst="warning",
    after=("GPU001", "DRV003", "TKT004"),
    required=False,
    source="CUDA compatibility guide, minor-version compatibility: PTX; cudaErrorUnsupportedPtxVersion (222)",
    remedies=("newer-driver",),
)
def newer_compiler(machine: Machine) -> RuleResults:
    """The compiler on the path makes PTX of a newer CUDA than the driver reads: what it compiles for no named
    architecture ends with "the provided PTX was compiled with an unsupported toolchain". Code for the card's own
    architecture (``-arch=native``) runs.
    """
    nvcc, cuda_of_driver = there(machine.nvcc), there(machine.driver.cuda)
    version = _version_below(machine, nvcc) if nvcc else ""
    if version and cuda_of_driver and has_gpu(machine) and cuda(cuda(version).series) > cuda(cuda_of_driver):
        yield warning(
            f"nvcc is of CUDA {cuda(version).series}, and the driver reads PTX up to CUDA {cuda_of_driver}",
            f"nvcc: {nvcc}",
            fix=fix("newer-driver"),
        )


@rule(
    "TKT007",
    "toolkit-release-defect",
    "The CUDA toolkit release has a known defect",
    worst="info",
    stage="upkeep",
    over=each_release,
    required=False,
    source=SOURCE,
    remedies=(REMEDY,),
)
def defective(machine: Machine, version: str) -> RuleResults:
    """The table of facts has a defect of this release of the CUDA toolkit that concerns the GPUs of this machine, or
    its compiler.
    """
    yield from known_defects(machine, "cuda-toolkit", version, speaks_here=lambda row: _compiler_is_here(machine, row))


def _compiler_is_here(machine: Machine, row: Defect) -> bool:
    """Say whether the compiler that a defect speaks of (``gcc 12``, ``g++ 16``) is the system's."""
    named = re.search(r"(?:gcc|g\+\+) (\d+)", row.symptom)
    return named is None or (there(machine.system.gcc) or "").partition(".")[0] == named[1]


@rule(
    "TKT004",
    "driver-older-than-toolkit",
    "The driver is older than the CUDA toolkit requires",
    worst="warning",
    after=("GPU001", "DRV003"),
    over=each_toolkit,
    source="facts: cuda_major (minor-version compatibility)",
    remedies=("newer-driver",),
)
def old_driver(machine: Machine, series: str) -> RuleResults:
    """What this toolkit compiles asks for a newer driver: "CUDA driver version is insufficient for CUDA runtime
    version".
    """
    version, floor = driver_version(machine), known_floor(_known(series))
    if version and driver(version) < driver(floor.driver):
        yield warning(
            f"driver {version} is too old for programs of CUDA {series}",
            floor.known_by,
            fix=fix("newer-driver"),
        )
