"""Rows about distributions, their releases, and whose drivers they can have: all that the engine knows of any."""

from datetime import date
from typing import Literal

from msgspec import field

from gpusetup.facts.model.fact import Fact
from gpusetup.value import Value

MAIN = "main"
"""The line of an owner's driver packages that moves on from branch to branch."""


class Distribution(Fact):
    """One distribution. The first one in the table is planned for where none is named or found."""

    name: str
    """Its ``ID`` in os-release."""
    title: str
    """What people call it, before the number of a release."""
    full_name: str
    family: Literal["rpm", "deb"]
    """The format of its packages."""
    formats: tuple[str, ...] = ()
    """Formats of a recipe that its package manager has words of its own in."""
    variants: tuple[str, ...] = ()
    """Kinds of it that are made of images, beside the one that is made of packages."""
    owners: tuple[str, ...]
    """The `DriverOwner` rows, by name, whose drivers it can have; the preferred one first."""
    preference: str
    """The order of its drivers, in words."""
    toolkit_repository: str = ""
    """The `Repo` that has the CUDA toolkit and the parts of a server, "" where no repository has."""
    container_repository: str = ""
    """The `Repo` that has NVIDIA's container toolkit, "" where the distribution itself has it."""
    container_packages: tuple[str, ...] = ()
    """What runs and feeds a container with a GPU."""
    toolkit_image: str
    """What stands in the tags of NVIDIA's images in which code is compiled where no toolkit fits, before a version."""
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Part of a server → its packages."""
    side_python: str = ""
    """The package of a Python beside the system's own, ``python{version}``; "" where none is packaged."""
    side_python_row: str = ""
    """The row of `package` that says so."""
    oldest_python: str = ""
    """The oldest Python that is offered in that way."""
    side_compiler: str = "g++-{major}"
    """The command of a compiler beside the system's own."""
    glibc: dict[str, str] = field(default_factory=dict)
    """Release → its C library, for those whose own row has none; each counts for those after it."""
    point_releases: bool = False
    """Whether ``VERSION_ID`` has a second number (``9.6``) that its releases are not told apart by."""
    releases_ahead: int = 0
    """How many releases beyond the newest one in the tables are planned by its row; the numbers have to be whole."""
    ahead_row: str = ""
    """The row of `rule` that says why that is right."""
    directories_end_row: str = ""
    """The row of `rule` by which a directory of NVIDIA's ends before the next one begins."""


class Clone(Fact):
    """A distribution that is another one under a name of its own: its releases, owners and repositories are the same.

    Its steps are found by its own name.
    """

    name: str
    """Its ``ID`` in os-release."""
    of: str
    """The name of the `Distribution`."""
    title: str
    full_name: str


class Release(Fact):
    """One release of a distribution."""

    distribution: str
    """The name of a `Distribution`."""
    release: str
    """Its ``VERSION_ID`` in os-release."""
    codename: str = ""
    released: date | None = None
    """None while the release is not confirmed; `target` then says what was planned."""
    target: date | None = None
    eol: date | None = None
    gcc: str = ""
    gcc_major: int = 0
    glibc: str = ""
    python: str = ""
    """The system's own interpreter."""
    package_manager: str = ""
    """Its package manager, by the name that tells versions apart whose commands differ."""
    nvidia_repo: str = ""
    """The directory of NVIDIA's repository to use (a `NvidiaRepo`), "" where there is none."""
    nvidia_repo_exact: bool = False
    """False: this release has no directory of its own and that of another one is used."""
    historic: bool = False
    """Kept for reference: past its end of life, and without some of the data that an installation needs."""
    side_gcc: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Major version of a compiler beside the system's own → its packages; the last one is that of the C++ compiler."""
    side_pythons: tuple[str, ...] = ()
    """Pythons beside the system's own, the preferred one first, where they belong to this release alone."""
    drivers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Owner → line of packages → newest version seen there, no promise of what the mirrors hold."""
    of_its_day: dict[str, str] = field(default_factory=dict)
    """Component → version of its own time, for a release whose Python no current framework supports."""


class DriverLine(Value):
    """One line of an owner's driver packages, which stays on one branch, or moves on (`MAIN`)."""

    name: str
    open: tuple[str, ...] = ()
    """Packages with the open kernel modules, in the order in which they are installed; () where it has none."""
    proprietary: tuple[str, ...] = ()
    prebuilt: dict[str, str] = field(default_factory=dict)
    """Kind of kernel modules → the package that has them built, and signed by a key that Secure Boot trusts already;
    ``{kernel}`` stands for the flavour of the kernel, ``generic``."""
    owns: tuple[str, ...] = ()
    """Patterns of its packages, which are removed where another line is installed."""


class DriverOwner(Fact):
    """Whose driver it is, on one distribution."""

    distribution: str
    name: str
    title: str
    """The owner as people call it."""
    comes: Literal["release", "directory", "installer"]
    """What its versions are recorded by: a `Release`, a directory of NVIDIA's repository, or the checksum of an
    installer."""
    lines: tuple[DriverLine, ...] = ()
    repositories: tuple[str, ...] = ()
    """The `Repo` rows that its packages need, in the order in which they are added."""
    together: str = ""
    """All of them as one word, for a person."""
    carried_on: bool = False
    """Whether a release newer than all whose packages were seen is assumed to have those of the newest of them."""
    owns: tuple[str, ...] = ()
    """Patterns of packages that are removed where the driver is another owner's."""
    known_by: tuple[str, ...] = ()
    """How the names of installed packages begin that show it to be the owner."""
    never_beside: tuple[str, ...] = ()
    """Patterns of packages that must not come from its repositories where the driver is another owner's."""
    on_images: bool = False
    """Whether its packages can be layered on a system that is an image."""
    parts: bool = False
    """Whether its repository has the parts of a server that need exactly the driver's version."""
    chooses_row: str = ""
    """The row of `rule` on how its packages choose the modules to build, where that can go wrong."""
    choosing: str = ""
    """What is done about it, in words."""
    proprietary_macros: tuple[str, ...] = ()
    """Lines for rpm's configuration that have its packages build the proprietary modules."""
    builder: str = ""
    """What builds its modules on the machine, where that is a part of the stack with a licence of its own."""
    scripted_installer: tuple[str, ...] = ()
    """Further packages for CUDA's installers before 10.1."""
