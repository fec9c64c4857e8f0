"""The candidates for each variable of the solver: one small type per component, made from rows of the facts.

Candidates are compared by identity: each is made once per set of tables, so that constraint results can be cached by
candidate. ``str()`` is how the plan names one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.resolve.model import STAYS, Archive, Flavour
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts.min_driver import DriverMinimum
    from gpusetup.facts.model import distribution as facts_of
    from gpusetup.facts.model.cuda import Branch, CudaSeries, Glibc
    from gpusetup.facts.model.cudnn import CudnnRow, CudnnSupport
    from gpusetup.facts.model.defects import Defect
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.frameworks import Jax, JaxPlugin, Tensorflow, Torch, TorchBuild
    from gpusetup.facts.model.general import CompatibilityRule
    from gpusetup.facts.model.hardware import Arch, GpuRow
    from gpusetup.facts.model.packages import NvidiaRepo, PackageRow


class Part(NamedTuple):
    """One release that a candidate brings: the distribution, as known defects are looked up, and words for people."""

    distribution: str
    version: str
    words: str


class KnownDefect(NamedTuple):
    """A defect of one part of a candidate."""

    row: Defect
    part: Part


class Candidate(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One value that a variable can take."""

    defects: tuple[KnownDefect, ...] = ()
    """What is known to be broken in its parts, on some card or on all (see `domains.broken`)."""

    @property
    def on_gpu(self) -> bool:
        """Whether it computes with NVIDIA's libraries."""
        return True

    def parts(self) -> Iterator[Part]:
        """Yield the releases in it that can have known defects."""
        return iter(())


class CardKind(Candidate, frozen=True, eq=False):
    """One kind of GPU, and its architecture's row."""

    name: str
    cc: str
    arch: Arch
    bound: GpuRow | None
    """The row that ties it to an Arm host: its own, or that of every GPU of its capability."""
    home: CompatibilityRule | None = None
    """For a part of a Jetson board: the rule that says where its driver and wheels come from."""

    def __str__(self) -> str:
        return f"{self.name} ({self.cc})"


class Release(Candidate, frozen=True, eq=False):
    """One release of the distribution. `glibc` is a lower bound of its version, `glibc_row` the row it is from."""

    of: facts_of.Distribution
    row: facts_of.Release
    repo: NvidiaRepo | None
    """NVIDIA's directory for it, None where there is none."""
    glibc: str
    glibc_row: facts_of.Release | None
    clashes: tuple[Glibc, ...]
    """CUDA series whose headers its C library breaks."""
    gcc: tuple[int, ...]
    """Major versions of gcc that it has, the system's own first."""
    toolkit_last: str
    """The newest CUDA series that NVIDIA's directory can have, "" when that is open."""
    toolkit_last_row: Fact
    machine: str = "x86_64"
    """The processor architecture of its packages."""
    owners: tuple[facts_of.DriverOwner, ...] = ()
    """Whose drivers it can have, the preferred one first."""
    lag: Fact | None = None
    """For a release newer than the tables: the rule by which the newest release in them is used instead."""

    def __str__(self) -> str:
        return f"{self.of.title} {self.row.release}"


class DriverOffer(Candidate, frozen=True, eq=False):
    """One available driver: that of an owner, or the installed one (`owner` None)."""

    owner: facts_of.DriverOwner | None
    version: str
    branch: Branch
    flavour: Flavour
    seen: Fact
    """The row with evidence that the repository has it."""
    packages: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    legacy: str = ""
    """``580xx`` for a legacy line of packages."""
    detection: Fact | None = None
    """The row on how its packages choose the modules to build, where that can go wrong."""
    assumed: str = ""
    """The assumption behind the offer, or ""."""
    inferred: str = ""
    """What its version was inferred from, "" when it was seen in the repository."""
    tier: int = 0
    """The place of its owner among those of the distribution; it counts before every preference."""
    stream: str = ""
    """The module stream that has its packages, "" where the repository has no streams."""
    prebuilt: str = ""
    """The package that has its modules built and signed, "" where they are built on the machine."""
    runfile: Archive | None = None
    """NVIDIA's installer, where the driver is from one; None if its SHA-256 is not known."""

    @property
    def repo(self) -> str:
        """The name of the owner, "" for the installed driver."""
        return self.owner.name if self.owner else ""

    def parts(self) -> Iterator[Part]:
        yield Part("nvidia-driver", self.version, f"driver {self.version}")

    def __str__(self) -> str:
        if self.owner is None:
            return f"{self.version}{STAYS}"
        return f"{self.version} {self.flavour} modules, {self.owner.title}" + (f" {self.legacy}" if self.legacy else "")


class TorchWheel(Candidate, frozen=True, eq=False):
    """One PyTorch release in one variant; without a `build` it is the CPU's."""

    row: Torch
    variant: str
    build: TorchBuild | None = None
    kernels: TorchBuild | None = None
    """The row whose list of capabilities is used: the build's own, or its predecessor's where that is not known."""
    series: CudaSeries | None = None
    floor: DriverMinimum | None = None
    support: CudnnSupport | None = None

    @property
    def on_gpu(self) -> bool:
        return self.build is not None

    def parts(self) -> Iterator[Part]:
        yield Part("torch", self.row.release, f"torch {self}")
        if self.build is not None:
            of = f"of torch {self}"
            major = cuda(self.build.cuda).major
            for name, words, version in (("cudnn", "cuDNN", self.build.cudnn), ("nccl", "NCCL", self.build.nccl)):
                if version:
                    yield Part(f"nvidia-{name}-cu{major}", version, f"{words} {version} {of}")

    def __str__(self) -> str:
        return f"{self.row.release}+{self.variant}"


class TensorflowWheel(Candidate, frozen=True, eq=False):
    """One TensorFlow release; `gpu` says whether with NVIDIA's wheels."""

    row: Tensorflow
    gpu: bool
    kernels: Fact
    series: CudaSeries
    floor: DriverMinimum | None
    hosted: bool = False
    """It loads CUDA and cuDNN from the host, since it predates the NVIDIA wheels."""
    no_cuda: CompatibilityRule | None = None
    """The rule by which its wheel for this processor architecture is built without CUDA."""

    @property
    def on_gpu(self) -> bool:
        return self.gpu

    def parts(self) -> Iterator[Part]:
        yield Part("tensorflow", self.row.release, f"TensorFlow {self.row.release}")

    def __str__(self) -> str:
        with_cuda = " with the host's CUDA" if self.hosted else "[and-cuda]"
        return f"{self.row.release}{with_cuda if self.gpu else ' (CPU)'}"


class JaxWheel(Candidate, frozen=True, eq=False):
    """One JAX release with its plugin for one CUDA major; without a `plugin` it is the CPU's."""

    row: Jax
    apart: CompatibilityRule
    """The rule by which it gets an environment of its own."""
    plugin: JaxPlugin | None = None
    floor: DriverMinimum | None = None

    @property
    def on_gpu(self) -> bool:
        return self.plugin is not None

    @property
    def python(self) -> tuple[str, ...]:
        """The Pythons that all of its wheels are built for."""
        return tuple(one for one in self.row.python if self.plugin is None or one in self.plugin.python)

    def parts(self) -> Iterator[Part]:
        yield Part("jaxlib", self.row.release, f"JAX {self}")
        if self.plugin:
            yield Part(self.plugin.package, self.row.release, f"JAX {self}")

    def __str__(self) -> str:
        return f"{self.row.release}[cuda{self.plugin.cuda}]" if self.plugin else f"{self.row.release} (CPU)"


class CudnnWheel(Candidate, frozen=True, eq=False):
    """One cuDNN release as a wheel for one CUDA major, and the support row that speaks of it."""

    row: CudnnRow
    package: str
    support: CudnnSupport

    def parts(self) -> Iterator[Part]:
        yield Part(self.package, self.row.version, f"cuDNN {self.row.version}")

    def __str__(self) -> str:
        return f"{self.package} {self.row.version}"


class Interpreter(Candidate, frozen=True, eq=False):
    """One Python of a release; `packages` is empty for the system's own."""

    version: str
    row: Fact
    packages: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"Python {self.version}{'' if self.packages else ' (the system’s)'}"


class Layout(Candidate, frozen=True, eq=False):
    """One environment for both frameworks, or one each."""

    shared: bool

    def __str__(self) -> str:
        return "one for both frameworks" if self.shared else "one for each framework"


class ToolkitOffer(Candidate, frozen=True, eq=False):
    """One CUDA toolkit: from a repository or an installer (tier 0), in a container image (tier 1), or none (tier 2)."""

    tier: int
    series: CudaSeries | None = None
    floor: DriverMinimum | None = None
    packages: tuple[str, ...] = ()
    image: str = ""
    seen: Fact | None = None
    runfile: Archive | None = None
    runtime: bool = False
    """Frameworks load its libraries, so it is useful even without a host compiler."""
    release: str = ""
    """Its exact release, where it is known; packages bring the newest of the series."""

    def parts(self) -> Iterator[Part]:
        if self.series is not None:
            yield Part("cuda-toolkit", self.release or self.series.series, f"CUDA {self.series.series}")

    def __str__(self) -> str:
        if self.series is None:
            return "none"
        if self.runfile:
            return f"CUDA {self.series.series} from NVIDIA's installer"
        return f"CUDA {self.series.series}" + (f" in {self.image}" if self.image else "")


class Compiler(Candidate, frozen=True, eq=False):
    """A host compiler for nvcc; `major` 0 means none, because nothing is compiled on the host."""

    major: int = 0
    row: Fact | None = None
    packages: tuple[str, ...] = ()
    command: str = ""
    """The value of NVCC_CCBIN, "" for the system's own compiler."""

    def __str__(self) -> str:
        return f"gcc {self.major}{'' if self.command else ' (the system’s)'}" if self.major else "none on the host"


class ToolkitCudnn(Candidate, frozen=True, eq=False):
    """cuDNN for the host toolkit, as packages or as an archive for one CUDA major; without a `row`: none."""

    row: CudnnRow | None = None
    major: int = 0
    support: CudnnSupport | None = None
    archive: Archive | None = None
    packages: tuple[PackageRow, ...] = ()
    series: str = ""
    """The one CUDA series it was built for, "" when it works with every series of its major."""

    def __str__(self) -> str:
        return f"{self.row.version} for CUDA {self.major}" if self.row else "none"
