"""`Request` and `Stack`: what the user asked for, and the one compatible choice with its reasons."""

from __future__ import annotations

from typing import Literal

from gpusetup.resolve.pins import Pinned
from gpusetup.value import Value

Owner = Literal["rpmfusion", "nvidia", "runfile"]
"""Whose driver it is: RPM Fusion's packages, NVIDIA's packages, or NVIDIA's own installer."""
OWNERS: dict[Owner, str] = {"rpmfusion": "RPM Fusion", "nvidia": "NVIDIA", "runfile": "NVIDIA's installer"}
Repo = Literal[Owner, "wheels"]
"""What a user can ask for: an owner of the driver, or ``wheels``: a packaged one, and CUDA from the wheels alone."""
Variant = Literal["", "ostree", "bootc"]
"""How the system is put together: of packages, of an image with packages layered on it, of a container image."""
PythonEnv = Literal["venv", "uv"]
Flavour = Literal["open", "proprietary"]


class Archive(Value):
    """One file to download, known by its SHA-256."""

    url: str
    sha256: str


class Card(Value):
    """One kind of GPU to serve.

    `compute_capability` is ``8.9``; `known_by` says how we know it (NVML, PCI id, name, option).
    """

    name: str
    arch: str
    compute_capability: str
    known_by: str


class Request(Pinned):
    """What has to hold: the host, its cards (the set of kinds, not the lowest) and whatever the user pinned."""

    distro: str = "fedora"
    release: str = ""
    """"" takes the newest release the tables know."""
    machine_arch: str = "x86_64"
    cards: tuple[Card, ...] = ()
    """Empty: no NVIDIA GPU, the CPU stack."""
    repo: Repo | Literal[""] = ""
    """"" takes RPM Fusion's driver, and NVIDIA's own where that is the only one that fits."""
    frameworks: tuple[str, ...] = ("torch", "tensorflow")
    wsl: bool = False
    """Whether this is the Windows Subsystem for Linux: `driver` is Windows', and none is ever installed here."""
    secure_boot: bool | None = None
    allow_eol: bool = False
    variant: Variant = ""
    hybrid: bool | None = False
    """Whether this is a laptop whose display is driven by an integrated GPU; None has to be seen on the machine."""
    containers: bool = False
    """Whether GPU containers are to run here, even where the stack itself needs none."""
    python_env: PythonEnv = "venv"
    """What makes the Python environments."""


class Reason(Value):
    """One fact that forced or excluded something: the row's id, one sentence, and where the row was read.

    A reason that is no row of the tables but the user's own wish has the id ``request:<option>``.
    """

    fact: str
    text: str
    sources: tuple[str, ...] = ()


class Rejected(Value):
    """A value that was not chosen, and what spoke against it.

    `possible`: nothing forbids it, it only ranks lower.
    """

    value: str
    because: tuple[Reason, ...]
    better: bool = True
    """It ranks above the chosen one, and would have been taken."""
    possible: bool = False
    others: int = 0
    """How many values ranked below it fell to the same constraint."""


class Choice(Value):
    """The value one component got, in words, why, and the ranked alternatives."""

    component: str
    value: str
    reasons: tuple[Reason, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class RepositoryKey(Value):
    """A repository's signing key, pinned by its full fingerprint.

    `fingerprint` is "" when no source gives it: the recipe then has to ask before it trusts the key.
    """

    key_id: str
    fingerprint: str
    url: str


class Repository(Value):
    """One dnf repository, enough to write its ``.repo`` file."""

    id: str
    name: str
    baseurl: str = ""
    metalink: str = ""
    key: RepositoryKey
    exclude: tuple[str, ...] = ()
    """Packages this repository must never provide, since another one owns them."""
    priority: int = 99
    """dnf's priority, lower wins."""
    signed_metadata: bool = False
    """Whether the repository signs its metadata (repo_gpgcheck)."""
    signed_packages: bool = True
    """Whether it signs its packages (gpgcheck). A repository that signs neither is not used."""


class HostDriver(Value):
    """The kernel driver to install; `packages` in the order dnf gets them."""

    repo: Owner
    branch: str
    version: str
    """Newest version seen in that repository, or inferred for it (its reason says so), or the pinned one."""
    flavour: Flavour
    packages: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    """Packages of the other owner or of another branch that must be gone first: patterns over names, never over what a
    package provides (RPM Fusion's provide NVIDIA's names)."""
    rpm_macros: tuple[str, ...] = ()
    """Lines for a file under /etc/rpm that must be there before akmods builds the module."""
    runfile: Archive | None = None
    """NVIDIA's installer, or a CUDA installer that carries it, where `repo` is ``runfile``."""


class Toolkit(Value):
    """Where nvcc comes from.

    ``runfile``: NVIDIA's installer. ``container``: no toolkit can work on this host, but `image` can. ``none``: there
    is nothing to compile for.
    """

    series: str
    """"" when there is none."""
    via: Literal["repo", "runfile", "container", "none"]
    packages: tuple[str, ...] = ()
    """The toolkit's own packages."""
    runfile: Archive | None = None
    runtime: bool = False
    """Whether frameworks of this stack load its libraries, as those did that had no wheels for them yet."""
    image: str = ""
    host_compiler: str = ""
    """What NVCC_CCBIN must name, ``g++-15``; "" when the system's own gcc will do."""
    host_compiler_packages: tuple[str, ...] = ()
    cudnn: str = ""
    """cuDNN of the host toolkit, for code compiled here; the wheels bring their own."""
    cudnn_packages: tuple[str, ...] = ()
    cudnn_archive: Archive | None = None
    """Where the repository is not known to carry cuDNN: the archive, to unpack beside the toolkit."""


class Requirement(Value):
    """One line for pip: a PEP 508 requirement, and the index it must come from ("" is the user's own)."""

    text: str
    index: str = ""
    sha256: str | None = None
    """Of the wheel it comes to, where a fact has it."""


class Environment(Value):
    """One Python environment; two of them when the frameworks' NVIDIA wheels would overwrite each other.

    All its `requirements` belong into one call of pip, which then weighs them against each other.
    """

    name: str
    python: str
    """Minor version, ``3.13``."""
    python_packages: tuple[str, ...]
    """Distribution packages that bring that interpreter, empty when it is the system's own."""
    frameworks: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    cuda: str
    """CUDA runtime series inside the wheels, "" for a CPU environment."""
    cudnn: str
    driver_floor: str = ""
    """The lowest driver that CUDA runs on, "" for a CPU environment."""
    pip: Requirement | None = None
    """The pip to use where the one that comes with this Python may be too old to say what it would install."""


class Stack(Value):
    """One compatible choice for every component. ``choices`` says the same in words, with the reasons."""

    version: Literal[1] = 1
    request: Request
    distro_name: str
    release: str
    repositories: tuple[Repository, ...]
    driver: HostDriver | None
    """None: there is no NVIDIA GPU, or a driver is there and stays."""
    toolkit: Toolkit
    environments: tuple[Environment, ...]
    choices: tuple[Choice, ...]
    container_packages: tuple[str, ...] = ()
    """What runs containers with the GPU in them; empty where nobody asked for any."""
    warnings: tuple[Reason, ...] = ()
    """True things the owner must know: a release near its end, an expired fact, a step only a person can do."""


class WayOut(Value):
    """One change that makes the impossible possible: in words, and as the options to give."""

    text: str
    options: tuple[str, ...]


class Refusal(Value):
    """No stack: a smallest set of reasons that cannot all hold, and the smallest changes that would do."""

    version: Literal[1] = 1
    request: Request
    because: tuple[Reason, ...]
    ways_out: tuple[WayOut, ...]


class Answer(Value):
    """What ``why`` says of one version: the stack that has it, or the refusal."""

    version: Literal[1] = 1
    question: str
    possible: bool
    stack: Stack | None = None
    refusal: Refusal | None = None
