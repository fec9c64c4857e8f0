"""Libraries and Python distributions."""

from typing import Literal

from gpusetup.value import Value


class Package(Value):
    """One package of a package manager, from its database."""

    manager: Literal["rpm", "dpkg", "pacman", "conda"]
    name: str
    version: str
    maker: str = ""
    """Who built it: the vendor or maintainer; of conda the build (``cuda126_py312h…``)."""
    held: bool = False
    """Whether the administrator has forbidden to update it."""
    place: str = ""
    """The environment it belongs to, "" for the system."""
    installed: int = 0
    """When this version was installed, in Unix seconds; 0 where nothing says so."""


class Library(Value):
    """One file the dynamic linker could pick for a soname, in the linker's order."""

    soname: str
    path: str
    version: str
    """The version in the file name, or ""."""
    origin: Literal["LD_LIBRARY_PATH", "ld.so.cache", "default", "wheel", "toolkit"]
    bits: Literal[0, 32, 64] = 0
    """Class of the ELF file; 0 when it is none or could not be read."""
    machine: str = ""
    """Architecture of the ELF file as ``uname -m`` names it, "" when it is none or another."""
    owner: str = ""
    """The package or distribution whose file it is, "" when none of those that matter says so."""


class NeededLibrary(Value):
    """One library that an installed file is linked with, and the file that the dynamic linker takes for it."""

    file: str
    """Of a framework or of an NVIDIA wheel."""
    soname: str
    path: str = ""
    """"" where the linker finds none; a framework may still open the wheel's copy itself."""
    by: Literal["RPATH", "LD_LIBRARY_PATH", "RUNPATH", "ld.so.cache", "default", ""] = ""


class Distribution(Value):
    """One installed Python distribution, from its metadata; nothing is imported."""

    name: str
    version: str
    location: str
    cuda: str = ""
    """For torch and tensorflow: the CUDA they were built for (``12.6``), ``cpu``, or "" when their files do not say."""
    architectures: tuple[str, ...] = ()
    """For torch and tensorflow: the GPU architectures they have code for (``sm_60``, ``compute_90``)."""
    installer: str = ""
    """For the frameworks and nvidia-*: who installed them (``pip``, ``uv``, ``conda``, …)."""
    glibc: str = ""
    """For the frameworks: the oldest glibc that the wheel's tag names (``2.28`` of manylinux_2_28)."""
    editable: bool = False
    """For the frameworks: whether it is an editable install."""
    requires: tuple[str, ...] = ()
    """For the frameworks and JAX's plugins: what their metadata require (Requires-Dist)."""
    installed: int = 0
    """When this version was installed, in Unix seconds: when its folder of metadata was made. 0 where nothing says so,
    as in a folder that is a copy of a host."""


class SharedFile(Value):
    """Files claimed by two installed distributions: the one installed last has overwritten them."""

    location: str
    owners: tuple[str, ...]
    files: int
    example: str
