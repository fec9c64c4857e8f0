"""What is installed in one root file system."""

from typing import Literal

from gpusetup.value import Value


class InstalledWheel(Value):
    """One Python distribution, as its metadata says."""

    name: str
    """Normalised: ``nvidia-ml-py``."""
    version: str
    spdx: str
    """An SPDX expression, "" in metadata older than that field."""
    licence: str
    """The licence as free text."""
    folder: str


class InstalledPackage(Value):
    """One package of the distribution."""

    kind: Literal["rpm", "deb"]
    name: str
    version: str
    architecture: str
    licence: str


class Contents(Value):
    """Wheels and packages; `hashes` has what is known of the wheels' SHA-256, by ``name==version``."""

    distribution: str = ""
    """ID of its os-release: ``fedora``."""
    release: str = ""
    wheels: tuple[InstalledWheel, ...]
    packages: tuple[InstalledPackage, ...]
    hashes: dict[str, str]
