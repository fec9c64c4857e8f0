"""Rows about package repositories, their keys and their packages."""

from typing import Literal

from msgspec import field

from gpusetup.facts.model.fact import Fact


class NvidiaRepo(Fact):
    """One directory of NVIDIA's CUDA repository, ``fedora44``."""

    directory: str
    distribution: str
    """The `Distribution` that it was made for."""
    release: str
    """The release of it, ``44``."""
    key_id: str = ""
    toolkit_first: str = ""
    """The oldest CUDA series seen in it, "" when not known."""
    toolkit_last: str = ""
    cudnn: bool | None = None
    """Whether it carries cuDNN packages; None when not known."""
    driver: str = ""
    """Newest driver version seen in it."""
    lines: dict[str, str] = field(default_factory=dict)
    """Line of packages that stays on its branch (a `DriverLine`) → newest version seen in it."""
    streams: dict[str, dict[str, str]] = field(default_factory=dict)
    """Line of packages → kind of kernel modules → the module stream to enable, where it has streams."""


class Repo(Fact):
    """One package repository.

    Patterns contain ``{N}`` (release), ``{codename}``, ``{arch}``, and for NVIDIA's ``{directory}`` and ``{KEYID}``; ""
    means none.
    """

    name: str
    repo_id: str = ""
    format: Literal["rpm", "deb"] = "rpm"
    baseurl: str = ""
    metalink: str = ""
    suite: str = ""
    """Of a deb repository: ``{codename}``, or ``/`` for a flat one."""
    components: tuple[str, ...] = ()
    """Of a deb repository that is not flat."""
    gpgkey: str = ""
    key_ids: tuple[str, ...] = ()
    release_keys: dict[str, str] = field(default_factory=dict)
    """Release → the key that signs for it, where each release has one of its own."""
    arch: tuple[str, ...] = ()
    arch_names: dict[str, str] = field(default_factory=dict)
    """Architecture → what the repository calls it, where it has a name of its own for it."""
    priority: int = 0
    """Its priority in its package manager's own terms, 0 for the usual one."""
    signs: Literal["packages", "metadata"] = "packages"
    """What its signature covers. That of the metadata covers the checksums of the packages, so either is enough."""


class Key(Fact):
    """One signing key."""

    key_id: str
    owner: str
    fingerprint: str = ""
    """Forty hexadecimal digits; "" when no source gives it."""
    url: str = ""
    """Where its owner publishes it."""
    file: str = ""
    """Where the package ``distribution-gpg-keys`` puts it."""


class PackageRow(Fact):
    """One package and what it is for."""

    name: str
    repo: str
    """The name of a `Repo`, that of a distribution for its own, ``pip`` for wheels."""
    purpose: str
    branch: str = ""
    """Legacy driver branch it belongs to, ``580``."""
    cuda_major: int = 0
    conflicts: tuple[str, ...] = ()


class CommandWord(Fact):
    """One command or option of a package manager, and which versions of it understand it."""

    word: str
    known_to: tuple[str, ...]
    """Versions of the package manager, by their own names."""
