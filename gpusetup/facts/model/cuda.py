"""Rows about drivers and CUDA. Versions are text here; `gpusetup.versions` compares them."""

from datetime import date
from typing import Literal

from gpusetup.facts.model.fact import Fact
from gpusetup.facts.model.flavour import Flavour


class Branch(Fact):
    """One Linux driver branch, ``580``."""

    branch: str
    lifecycle: Literal["lts", "production", "new-feature", ""] = ""
    """NVIDIA's LTSB, PB and NFB; "" when its designation was not found."""
    released: date | None = None
    eol: date | None = None
    latest: str = ""
    latest_date: date | None = None
    cuda_max: str = ""
    """The newest CUDA series it reports (what nvidia-smi prints)."""
    cc_min: str
    cc_max_derived: str = ""
    """The highest capability that `cuda_max` can target; an architecture can still be too new, see `Arch`."""
    arch_min: str
    kernel_modules: tuple[Flavour, ...]


class CudaRow(Fact):
    """One CUDA toolkit release, ``12.6.3``; every driver is the x86_64 Linux one."""

    release: str
    series: str
    label: str = ""
    driver_min: str = ""
    """The driver that NVIDIA's release notes require for exactly this toolkit."""
    driver_compat: str = ""
    """The lowest driver that runs programs of this major (minor-version compatibility)."""
    driver_bundled: str = ""
    driver_companion: str = ""
    """The driver announced with it, where the runfile's name does not say."""
    runfile: str = ""
    runfile_url: str = ""
    runfile_sha256: str = ""
    runfile_aarch64_url: str = ""
    runfile_aarch64_sha256: str = ""


class DriverRunfile(Fact):
    """One driver as NVIDIA's own installer (x86_64 Linux), known by its SHA-256."""

    version: str
    url: str
    sha256: str


class CudaMajor(Fact):
    """The driver that one CUDA major needs where every minor runs on the driver of the first (not in 10)."""

    major: int
    minor_compat: bool
    driver_min: str = ""
    driver_native_below: str = ""
    """From this branch on the next major is native, so this one is merely backward compatible."""


class CudaSeries(Fact):
    """What nvcc of one series, ``12.6``, can target and which host compilers it accepts (x86_64 Linux)."""

    series: str
    cc_min: str
    cc_max: str
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    gcc_min: int = 0
    gcc_max: int


class Glibc(Fact):
    """A C library too new for the headers of a CUDA series: nvcc fails whatever gcc is used."""

    series_last: str
    """The newest CUDA series that fails."""
    glibc_from: str
    """The oldest glibc it fails with."""
    symptom: str
    fix: str
