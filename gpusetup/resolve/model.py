"""`Request` and `Stack`: what is requested, and the one compatible choice with its reasons."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from gpusetup.distributions import required
from gpusetup.resolve.pins import Pinned
from gpusetup.value import Value

DriverOf = Literal["", "windows", "vgpu"]
GIVEN: dict[DriverOf, str] = {"windows": "that of Windows", "vgpu": "that of the vGPU software"}
Owner = str
"""Whose driver it is: the name of a `gpusetup.facts.model.distribution.DriverOwner` of the distribution."""
OF_NVIDIA, INSTALLER, WHEELS = "nvidia", "runfile", "wheels"
STAYS = " (stays)"
"""What follows the version of an installed driver where that is the choice."""
Repo = str
"""What a user can request: an owner of the driver, or ``wheels``: a packaged driver, and CUDA only from wheels."""
Variant = Literal["", "ostree", "bootc"]
"""The kind of system: packages (""), an image with layered packages, or a bootable container image."""
PythonEnv = Literal["venv", "uv"]
Flavour = Literal["open", "proprietary"]
Arch = Literal["x86_64", "aarch64"]
Channel = Literal["", "nightly", "rc"]
"""Builds of a framework that are no release."""
"""A processor architecture as ``uname -m`` names it."""
PartName = Literal["fabric-manager", "subnet-manager", "imex", "persistence", "dcgm"]


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
    count: int = 1
    """How many of them there are, as far as that is known."""


class Reason(Value):
    """One fact that forced or excluded something: the row's id, one sentence, and the row's sources.

    A reason that comes from the user's request, not from a table, has the id ``request:<option>``.
    """

    fact: str
    text: str
    sources: tuple[str, ...] = ()
    minor: bool = False
    """For a warning: it concerns some uses only."""


class Requirement(Value):
    """One line for pip: a PEP 508 requirement, and the index it must come from ("" is the user's own)."""

    text: str
    index: str = ""
    sha256: str | None = None
    """Of the wheel that it resolves to, where a fact has it."""


class Built(Value):
    """A package that its index has as source alone: built on the host, in the finished environment."""

    text: str
    """What pip gets: ``flash-attn==2.8.3``."""
    isolated: bool = True
    """Whether pip may build it in a folder of its own; a build that imports torch needs ``--no-build-isolation``."""
    compiler: Literal["", "cc", "nvcc"] = ""
    """What compiles it; "" where that is not known."""

    @property
    def name(self) -> str:
        """Its normalised name."""
        return required(self.text)


class Packages(Value):
    """The user's own packages beside the frameworks: what was asked for, and what a resolver made of it."""

    wanted: tuple[str, ...] = ()
    """PEP 508 requirements."""
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    """Further package indexes that the user's files name."""
    prereleases: bool = False
    """Whether pre-releases may be chosen."""
    preview: Channel = ""
    """The builds of the framework that are asked for, "" for its releases."""
    previewed: tuple[Requirement, ...] = ()
    """The build that a resolver found, and what has to be of the same build."""
    home: str = ""
    """The framework whose environment has them, "" for the first environment."""
    fixes: tuple[str, ...] = ()
    """The fields of the request that these packages decided, not the user."""
    pinned: tuple[Requirement, ...] = ()
    """One exact requirement for each that was asked for; empty until they are resolved."""
    built: tuple[Built, ...] = ()
    """Those that the index has as source alone."""
    notes: tuple[Reason, ...] = ()
    """What is to be known about them: what was not checked, or left out."""


class NamedEnvironment(Value):
    """One of several Python environments on a host: what it is for, its own versions and packages."""

    name: str
    frameworks: tuple[str, ...] = ()
    torch: str = ""
    tensorflow: str = ""
    jax: str = ""
    python: str = ""
    packages: Packages = Packages()


class Request(Pinned):
    """What to plan for: the host, its cards (the set of kinds, not the lowest) and the user's pins."""

    distro: str = ""
    """Its ``ID`` in os-release; "" takes the first one in the tables."""
    release: str = ""
    """"" takes the newest release the tables know."""
    machine_arch: Arch = "x86_64"
    cards: tuple[Card, ...] = ()
    """Empty: no NVIDIA GPU, the CPU stack."""
    repo: Repo = ""
    """"" takes the driver of the distribution's preferred owner, and another's where that does not fit."""
    frameworks: tuple[str, ...] = ("torch", "tensorflow")
    driver_of: DriverOf = ""
    """Whose `driver` is, where it is not this system's to install: it stays whatever it is."""
    secure_boot: bool | None = None
    allow_eol: bool = False
    variant: Variant = ""
    hybrid: bool | None = False
    """Whether this is a laptop whose display is on an integrated GPU; None: to be decided on the machine."""
    containers: bool = False
    """Whether to set up GPU containers, even where the stack itself needs none."""
    python_env: PythonEnv = "venv"
    """What makes the Python environments."""
    packages: Packages = Packages()
    environments: tuple[NamedEnvironment, ...] = ()
    """Where the user names them: each has its own frameworks, Python and packages, and those of the request count for
    none."""
    parts: tuple[PartName, ...] = ()
    """Parts of a server that were asked for, beside those that its boards need."""
    nvswitches: bool | None = None
    """Whether the machine shows NVSwitches; None: no machine was read, and the names of the cards decide."""
    present_driver: str = ""
    """The driver that answers on this machine, "" for none: it is kept where it fits."""
    present_flavour: Flavour | Literal[""] = ""
    present_owner: Owner = ""
    """Whose packages the driver that answers comes from, "" where that is not known."""


class Rejected(Value):
    """A value that was not chosen, and the reasons.

    `possible`: nothing forbids it, it only ranks lower.
    """

    value: str
    because: tuple[Reason, ...]
    better: bool = True
    """It ranks above the chosen value, and would have been chosen without these reasons."""
    possible: bool = False
    others: int = 0
    """How many values ranked below it failed the same constraint."""


class Choice(Value):
    """The value of one component, in words, with reasons and ranked alternatives."""

    component: str
    value: str
    reasons: tuple[Reason, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class RepositoryKey(Value):
    """A repository's signing key, pinned by its full fingerprint.

    `fingerprint` is "" when no source gives it: the recipe then asks the user before it trusts the key.
    """

    key_id: str
    fingerprint: str
    url: str


class DebSource(Value):
    """What a repository of deb packages has beside its address."""

    suite: str
    """A code name, or ``/`` for a flat repository."""
    components: tuple[str, ...] = ()


class Repository(Value):
    """One package repository, with everything for its file in the package manager's configuration."""

    id: str
    name: str
    baseurl: str = ""
    metalink: str = ""
    key: RepositoryKey
    exclude: tuple[str, ...] = ()
    """Packages that must not be installed from this repository, since they come from another one."""
    priority: int = 99
    """Its priority in its package manager's own terms: of rpm repositories the lowest wins."""
    signed_metadata: bool = False
    """Whether the repository signs its metadata (repo_gpgcheck)."""
    signed_packages: bool = True
    """Whether it signs its packages (gpgcheck). A repository that signs neither is not used."""
    deb: DebSource | UnsetType = UNSET
    """For a repository of deb packages; its `exclude` is for apt's preferences."""


class HostDriver(Value):
    """The kernel driver to install; `packages` in the order in which they are installed."""

    repo: Owner
    branch: str
    version: str
    """The newest version seen in that repository, or inferred for it (see its reason), or the pinned one."""
    flavour: Flavour
    packages: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    """Packages of another owner or branch that must be removed first: patterns over names, never over provides, because
    the packages of one owner may provide the names of another."""
    rpm_macros: tuple[str, ...] = ()
    """Lines for rpm's configuration that must be there before the module is built."""
    stream: str | UnsetType = UNSET
    """The module stream to enable before they are installed, ``nvidia-driver:open-dkms``."""
    prebuilt: str | UnsetType = UNSET
    """The package with its kernel modules built and signed: nothing is compiled, and no key has to be enrolled;
    ``{kernel}`` stands for the flavour of the machine's kernel."""
    runfile: Archive | None = None
    """NVIDIA's installer, or a CUDA installer that carries it, where `repo` is ``runfile``."""


class Toolkit(Value):
    """The source of nvcc.

    ``runfile``: NVIDIA's installer. ``container``: no toolkit works on this host, but `image` does. ``none``: there
    is nothing to compile for.
    """

    series: str
    """"" without a toolkit."""
    via: Literal["repo", "runfile", "container", "none"]
    packages: tuple[str, ...] = ()
    """The toolkit's own packages."""
    runfile: Archive | None = None
    runtime: bool = False
    """Whether frameworks of this stack load its libraries: those that predate the NVIDIA wheels do."""
    image: str = ""
    host_compiler: str = ""
    """The value of NVCC_CCBIN, ``g++-15``; "" for the system's own gcc."""
    host_compiler_packages: tuple[str, ...] = ()
    cudnn: str = ""
    """cuDNN for code that is compiled here; the wheels bring their own."""
    cudnn_packages: tuple[str, ...] = ()
    cudnn_archive: Archive | None = None
    """The archive to unpack beside the toolkit, where the repository is not known to carry cuDNN."""


class Part(Value):
    """One part of a server beside driver and frameworks: packages, and the services to enable."""

    name: PartName
    packages: tuple[str, ...]
    services: tuple[str, ...] = ()
    version: str = ""
    """The version that the packages must have, that of the driver; "" where any version works."""
    modules: tuple[str, ...] = ()
    """Kernel modules to load at each boot."""
    why: Reason


class Change(Value):
    """One component as it is on the machine, and as the plan leaves it; "" for none."""

    component: str
    now: str
    after: str


class Environment(Value):
    """One Python environment; two of them when the frameworks' NVIDIA wheels would overwrite each other.

    All `requirements` go into one call of pip, whose resolver considers them together.
    """

    name: str
    python: str
    """Minor version, ``3.13``."""
    python_packages: tuple[str, ...]
    """Distribution packages that install this interpreter, empty for the system's own."""
    frameworks: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    cuda: str
    """CUDA runtime series inside the wheels, "" for a CPU environment."""
    cudnn: str
    driver_floor: str = ""
    """The oldest driver that runs this CUDA, "" for a CPU environment."""
    wheels: tuple[str, ...] = ()
    """Everything in it, as lines for pip with the SHA-256 of each wheel; empty where that is not locked."""
    built: tuple[Built, ...] = ()
    """What is built on the host once the wheels are there: no hash can be known of it."""
    pip: Requirement | None = None
    """The pip to install first where the one that comes with this Python may lack ``--report``."""


class Stack(Value):
    """One compatible choice for every component; ``choices`` has the same in words, with the reasons."""

    version: Literal[1] = 1
    request: Request
    distro_name: str
    release: str
    repositories: tuple[Repository, ...]
    driver: HostDriver | None
    """None: there is no NVIDIA GPU, or an installed driver stays."""
    toolkit: Toolkit
    environments: tuple[Environment, ...]
    choices: tuple[Choice, ...]
    container_packages: tuple[str, ...] = ()
    """Packages for GPU containers; empty unless requested."""
    parts: tuple[Part, ...] = ()
    """Fabric manager and other parts of a server, in the order in which they are installed."""
    changes: tuple[Change, ...] = ()
    """What is on the machine now and what will be; empty for a plan that is for no machine that was read."""
    warnings: tuple[Reason, ...] = ()
    """Warnings: a release near its end of life, an expired fact, a step that only a person can do."""

    def choice(self, component: str) -> Choice | None:
        """Return the choice for a component, None where there is none."""
        return next((one for one in self.choices if one.component == component), None)

    @property
    def staying_driver(self) -> str:
        """The version of the installed driver that stays; "" where one is installed, or none is needed."""
        chosen = None if self.driver else self.choice("driver")
        return chosen.value.removesuffix(STAYS) if chosen else ""


class Relaxation(Value):
    """One change of the request that makes a stack possible: in words, and as command-line options."""

    text: str
    options: tuple[str, ...]


class Refusal(Value):
    """No stack: a minimal set of conflicting reasons, and the smallest changes that would allow one."""

    version: Literal[1] = 1
    request: Request
    because: tuple[Reason, ...]
    ways_out: tuple[Relaxation, ...]


class Answer(Value):
    """The answer of ``why``: the stack that has a version or component, or the refusal, and what the tables say."""

    version: Literal[1] = 1
    question: str
    possible: bool
    stack: Stack | None = None
    refusal: Refusal | None = None
    says: tuple[Reason, ...] = ()
