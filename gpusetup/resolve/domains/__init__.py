"""All candidates that the tables contain, made once per set of facts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from gpusetup.facts import systems
from gpusetup.resolve import constraints  # noqa: F401 - importing them registers them
from gpusetup.resolve.asked.cards import bound_row
from gpusetup.resolve.candidates import CardKind, Release
from gpusetup.resolve.domains import drivers, hosts, jax, runfiles, toolkits, wheels
from gpusetup.resolve.domains.broken import with_defects
from gpusetup.resolve.solver.problem import Rules
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.candidates import (
        Candidate,
        Compiler,
        CudnnWheel,
        DriverOffer,
        Interpreter,
        JaxWheel,
        TensorflowWheel,
        ToolkitCudnn,
        ToolkitOffer,
        TorchWheel,
    )
    from gpusetup.resolve.model import Arch

C = TypeVar("C", bound="Candidate")

JETPACK = "rule-jetson-jetpack"


class Catalogue:
    """The candidates of every component, each list in order of preference, and the cached constraint results.

    Preferences: the newest release first; of wheels the newest release, and within it the variant that is the
    default; of Pythons the system's own; of drivers the preferred owner's main line, its other lines, then the next
    owner's, within each the newest, open modules before proprietary ones; of toolkits the newest from the repository,
    then the newest in a container, then none.
    """

    def __init__(self, facts: Facts, machine: Arch = "x86_64", distro: str = "") -> None:
        self.facts = facts
        self.of = systems.distribution(facts, distro)
        self.machine = machine
        self.rules = Rules()
        self._cards: dict[tuple[str, str], CardKind] = {}
        self._releases: dict[str, Release | None] = {}
        self._kept: dict[str, tuple[DriverOffer, ...]] = {}
        self._hosts: dict[tuple[str, str], Any] = {}
        self._runfile_toolkits: dict[bool, tuple[ToolkitOffer, ...]] = {}

    @functools.cached_property
    def releases(self) -> tuple[Release, ...]:
        return hosts.releases(self.facts, self.of.name, self.machine)

    def release(self, name: str) -> Release | None:
        """Return the release of that number, from the tables or by the lag rule; None for neither."""
        if name not in self._releases:
            known = (one for one in self.releases if one.row.release == name)
            self._releases[name] = next(known, None) or hosts.later(self.facts, self.of.name, name, self.machine)
        return self._releases[name]

    @functools.cached_property
    def torch(self) -> dict[bool, tuple[TorchWheel, ...]]:
        """The builds for a GPU (True) and for the CPU (False)."""
        found = with_defects(self.facts, wheels.torch(self.facts, self.machine))
        return {on_gpu: tuple(one for one in found if (one.build is not None) == on_gpu) for on_gpu in (True, False)}

    @functools.cached_property
    def tensorflow(self) -> dict[bool, tuple[TensorflowWheel, ...]]:
        """The releases with NVIDIA's wheels (True) and without (False)."""
        found = with_defects(self.facts, wheels.tensorflow(self.facts, self.machine))
        return {on_gpu: tuple(one for one in found if one.gpu == on_gpu) for on_gpu in (True, False)}

    @functools.cached_property
    def cudnn(self) -> tuple[CudnnWheel, ...]:
        return with_defects(self.facts, wheels.cudnn(self.facts))

    @functools.cached_property
    def jax(self) -> dict[bool, tuple[JaxWheel, ...]]:
        """The releases with a plugin for a GPU (True) and without (False)."""
        found = with_defects(self.facts, jax.wheels(self.facts, self.machine))
        return {on_gpu: tuple(one for one in found if one.on_gpu == on_gpu) for on_gpu in (True, False)}

    @functools.cached_property
    def jax_cudnn(self) -> tuple[CudnnWheel, ...]:
        return with_defects(self.facts, jax.cudnn(self.facts))

    @functools.cached_property
    def toolkits(self) -> tuple[ToolkitOffer, ...]:
        return with_defects(self.facts, toolkits.offers(self.facts, self.of.name))

    @functools.cached_property
    def toolkit_cudnn(self) -> tuple[ToolkitCudnn, ...]:
        return toolkits.cudnn(self.facts, self.machine)

    def load(self) -> None:
        """Make the candidates that do not depend on a release now, instead of on first use."""
        for name in ("releases", "torch", "tensorflow", "cudnn", "toolkits", "toolkit_cudnn"):
            getattr(self, name)

    def drivers(self, release: Release) -> tuple[DriverOffer, ...]:
        """Return the drivers that the repositories of `release` offer."""
        return self._once(drivers.drivers, release)

    @functools.cached_property
    def runfile_drivers(self) -> tuple[DriverOffer, ...]:
        """The drivers of NVIDIA's own installers."""
        return with_defects(self.facts, runfiles.drivers(self.facts, self.of.name, self.machine))

    def runfile_toolkits(self, *, runtime: bool) -> tuple[ToolkitOffer, ...]:
        """Return the toolkits of NVIDIA's installers, then those in containers and none."""
        if runtime not in self._runfile_toolkits:
            rest = [one for one in self.toolkits if one.tier]
            own = with_defects(self.facts, runfiles.toolkits(self.facts, self.machine, runtime=runtime))
            self._runfile_toolkits[runtime] = (*own, *rest)
        return self._runfile_toolkits[runtime]

    @functools.cached_property
    def runfile_cudnn(self) -> tuple[ToolkitCudnn, ...]:
        return (*self.toolkit_cudnn[:-1], *runfiles.cudnn(self.facts), self.toolkit_cudnn[-1])

    def hosted_tensorflow(self, release: Release) -> tuple[TensorflowWheel, ...]:
        """Return the releases that load the host's CUDA, where no other has the Python of `release`."""
        return self._once(runfiles.tensorflow, release)

    def compilers(self, release: Release) -> tuple[Compiler, ...]:
        """Return the host compilers of `release`, the system's own first."""
        return self._once(toolkits.compilers, release)

    def interpreters(self, release: Release) -> tuple[Interpreter, ...]:
        """Return the Pythons of `release`, the system's own first, then the newest."""
        return self._once(hosts.interpreters, release)

    def kept_driver(self, version: str, *, given: bool = False) -> tuple[DriverOffer, ...]:
        """Return driver `version`, which no repository offers but may be installed, for each flavour of modules.

        Those of Windows have branches with numbers of their own, a little above those of Linux: 528 is of 525.
        """
        if version not in self._kept:
            own = int(driver(version).branch)
            fits = [row for row in self.facts.branch if int(row.branch) == own or (given and int(row.branch) < own)]
            branch = max(fits, key=lambda row: int(row.branch), default=None)
            self._kept[version] = () if branch is None else with_defects(self.facts, drivers.kept(version, branch))
        return self._kept[version]

    def card(self, name: str, cc: str) -> CardKind:
        """Return the candidate for one kind of card; the same object for the same name and capability."""
        key = (name, cc)
        if key not in self._cards:
            bound = bound_row(self.facts, name, cc)
            arch = next(row for row in self.facts.arch if cc in row.cc)
            jetson = bound is not None and bound.market == "jetson"
            home = next(row for row in self.facts.rule if row.id == JETPACK) if jetson else None
            self._cards[key] = CardKind(name, cc, arch, bound, home)
        return self._cards[key]

    def _once(self, make: Callable[[Facts, Release], tuple[C, ...]], release: Release) -> tuple[C, ...]:
        key = (f"{make.__module__}.{make.__name__}", release.row.release)
        if key not in self._hosts:
            self._hosts[key] = with_defects(self.facts, make(self.facts, release))
        found: tuple[C, ...] = self._hosts[key]
        return found


def catalogue(facts: Facts, machine: Arch = "x86_64", distro: str = "") -> Catalogue:
    """Return the catalogue of `facts` for hosts of one processor architecture and distribution, made once."""
    return _catalogue(facts, machine, systems.distribution(facts, distro).name)


@functools.lru_cache(maxsize=4)
def _catalogue(facts: Facts, machine: Arch, distro: str) -> Catalogue:
    return Catalogue(facts, machine, distro)
