"""Rows about Fedora, its repositories, keys and packages."""

from datetime import date
from typing import Literal

from msgspec import field

from gpusetup.facts.model.fact import Fact


class FedoraRelease(Fact):
    """One Fedora release."""

    release: int
    released: date | None = None
    """None while the release is not confirmed; `target` then says what was planned."""
    target: date | None = None
    eol: date | None = None
    gcc: str = ""
    gcc_major: int = 0
    glibc: str = ""
    python: str = ""
    """The system's own interpreter."""
    dnf: Literal[4, 5]
    nvidia_repo: str
    """The directory of NVIDIA's repository to use (a `NvidiaRepo`)."""
    nvidia_repo_exact: bool
    """False: this release has no directory of its own and that of another one is used."""
    historic: bool = False
    """Kept for reference: past its end of life, and without some of the data that an installation needs."""
    compat_gcc: tuple[str, ...] = ()
    """Packages of the older compiler for nvcc."""
    rpmfusion_driver: str = ""
    """Newest version seen in RPM Fusion's packaging branch, no promise of what the mirrors hold."""
    rpmfusion_legacy: dict[str, str] = field(default_factory=dict)
    """Legacy branch, ``580xx``, → newest version seen."""
    of_its_day: dict[str, str] = field(default_factory=dict)
    """Component → version of its own time, for a release whose Python no current framework supports."""


class NvidiaRepo(Fact):
    """One directory of NVIDIA's CUDA repository, ``fedora44``."""

    directory: str
    key_id: str = ""
    toolkit_first: str = ""
    """The oldest CUDA series seen in it, "" when not known."""
    toolkit_last: str = ""
    cudnn: bool | None = None
    """Whether it carries cuDNN packages; None when not known."""
    driver: str = ""
    """Newest driver version seen in it."""


class Repo(Fact):
    """One package repository. Patterns contain ``{N}`` (release) and ``{arch}``; "" means none."""

    name: str
    repo_id: str = ""
    baseurl: str = ""
    metalink: str = ""
    gpgkey: str = ""
    key_ids: tuple[str, ...] = ()
    arch: tuple[str, ...] = ()


class Key(Fact):
    """One signing key."""

    key_id: str
    owner: str
    fingerprint: str = ""
    """Forty hexadecimal digits; "" when no source gives it."""
    url: str = ""
    """Where its owner publishes it."""
    file: str = ""
    """Where Fedora's own package ``distribution-gpg-keys`` puts it."""


class PackageRow(Fact):
    """One package and what it is for."""

    name: str
    repo: str
    """The id of a `Repo`, ``fedora`` for the distribution's own, ``pip`` for wheels."""
    purpose: str
    branch: str = ""
    """Legacy driver branch it belongs to, ``580``."""
    cuda_major: int = 0
    conflicts: tuple[str, ...] = ()


class DnfWord(Fact):
    """One command or option, and which of dnf 4 and dnf 5 understand it."""

    word: str
    dnf4: bool
    dnf5: bool
