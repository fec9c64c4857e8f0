"""Turn options and a machine into a `Request`: validate every name, and note every assumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import systems
from gpusetup.resolve.asked import cards
from gpusetup.resolve.asked.given import driver_of, given_driver
from gpusetup.resolve.domains import hosts
from gpusetup.resolve.host import present
from gpusetup.resolve.host.reading import value_of
from gpusetup.resolve.model import (
    WHEELS,
    Arch,
    Card,
    DriverOf,
    NamedEnvironment,
    Packages,
    PartName,
    PythonEnv,
    Repo,
    Request,
    Variant,
)
from gpusetup.resolve.parts import on_board
from gpusetup.resolve.pins import FRAMEWORKS, Pinned, check_pins, pinned, require_known
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.distribution import Distribution
    from gpusetup.machine.model import Machine

USUAL = ("torch", "tensorflow")
"""What is planned where no framework is named."""
ARCHES: dict[str, Arch] = {
    "x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "sbsa": "aarch64",
}  # fmt: skip
"""What people and package managers call the processor architectures."""
IMAGES: dict[str, Variant] = {"ostree": "ostree", "bootc": "bootc"}


class Wanted(Pinned):
    """The options given on the command line; "" and () where an option was not given."""

    distro: str = ""
    release: str = ""
    gpus: tuple[str, ...] = ()
    gpu_archs: tuple[str, ...] = ()
    repo: Repo = ""
    frameworks: tuple[str, ...] = ()
    allow_eol: bool = False
    variant: Variant | Literal["classic"] = ""
    containers: bool = False
    python_env: PythonEnv = "venv"
    arch: str = ""
    parts: tuple[PartName, ...] = ()
    packages: Packages = Packages()
    environments: tuple[NamedEnvironment, ...] = ()


class RequestOptions(Value):
    """The request, notes for the user on assumptions made, and the machine it is for."""

    request: Request
    notes: tuple[str, ...]
    machine: Machine | None = None
    """None: the request is for another machine than this one."""
    foreign: str = ""
    """The name of that machine's system where no recipe is for it, and none was asked for."""


def ask(facts: Facts, wanted: Wanted, read: Callable[[], Machine], *, saved: bool = False) -> RequestOptions:
    """Return the request for `wanted` on the machine that `read` returns; `saved`: the user named that machine.

    The machine is read only if needed: with both cards and distribution given, the request is for another machine. So
    it is where cards are named on a host that no recipe is for. Raises `WrongInputError`, which lists the known values,
    for an unknown name or version.
    """
    check(facts, wanted)
    given = cards.named(facts, wanted.gpus, wanted.gpu_archs)
    by_name = bool(wanted.gpus or wanted.gpu_archs)
    elsewhere = by_name and bool(wanted.distro or wanted.release or wanted.arch)
    machine = None if elsewhere else read()
    notes: list[str] = []
    foreign = "" if machine is None else _foreign(facts, machine, wanted)
    of = systems.distribution(facts, wanted.distro or _distro(facts, machine))
    if foreign and by_name and not saved:
        notes.append(f"this host is {foreign}, which no recipe supports: planning for the newest {of.title}")
        machine, foreign = None, ""
    if machine is not None and not by_name:
        given = _found(facts, machine, wanted, notes)
    arch = _arch(facts, machine, wanted, given)
    whose = driver_of(machine, wanted.gpus) if given else ""
    driver = wanted.driver or (given_driver(machine, whose, notes) if whose else "")
    request = Request(
        distro=of.name,
        release=_release(of, machine, wanted, facts),
        machine_arch=arch,
        cards=given,
        repo=wanted.repo,
        frameworks=_frameworks(facts, wanted, arch, given, notes),
        driver_of=whose,
        **pinned(wanted) | {"driver": driver},
        secure_boot=None if machine is None else value_of(machine.system.secure_boot),
        allow_eol=wanted.allow_eol,
        variant=_variant(machine, wanted),
        hybrid=_hybrid(facts, machine, given),
        containers=wanted.containers,
        python_env=wanted.python_env,
        parts=wanted.parts,
        packages=wanted.packages,
        environments=wanted.environments,
        nvswitches=_nvswitches(machine, given),
        **_present(facts, of.name, machine, wanted, given, whose),
    )
    return RequestOptions(request=request, notes=tuple(notes), machine=machine, foreign=foreign)


def _foreign(facts: Facts, machine: Machine, wanted: Wanted) -> str:
    """Return the name of the machine's system where no recipe is for it and none was asked for, else ""."""
    distro = value_of(machine.system.distro)
    if wanted.distro or wanted.release or distro in systems.names(facts):
        return ""
    return value_of(machine.system.pretty_name) or distro or "of an unknown distribution"


def _distro(facts: Facts, machine: Machine | None) -> str:
    """Return the distribution of the machine where it is in the tables, else ""."""
    found = None if machine is None else value_of(machine.system.distro)
    return found if found in systems.names(facts) else ""


def _arch(facts: Facts, machine: Machine | None, wanted: Wanted, given: tuple[Card, ...]) -> Arch:
    """Return the architecture asked for, else that which the named cards are bound to, else the machine's."""
    if wanted.arch:
        return ARCHES[wanted.arch.lower()]
    named = [card for card in given if card.known_by != "NVML"]
    rows = [cards.bound_row(facts, card.name, card.compute_capability) for card in named]
    bound = {row.host_arch for row in rows if row is not None}
    if len(bound) == 1:
        return ARCHES[bound.pop()]
    if machine is None:
        return "x86_64"
    if machine.system.arch not in ARCHES:
        raise RefusedError(f"this machine is {machine.system.arch}; the tables cover x86_64 and aarch64 hosts",
                           "give --gpu and --distro to plan for another machine")  # fmt: skip
    return ARCHES[machine.system.arch]


def _frameworks(facts: Facts, wanted: Wanted, arch: Arch, given: tuple[Card, ...], notes: list[str]) -> tuple[str, ...]:
    """Return the frameworks asked for, else the usual ones; TensorFlow has no wheel with CUDA for an Arm host."""
    rows = [cards.bound_row(facts, card.name, card.compute_capability) for card in given]
    on_gpu = given and not any(row is not None and row.market == "jetson" for row in rows)
    if not wanted.frameworks and not wanted.tensorflow and arch == "aarch64" and on_gpu:
        notes.append(
            "TensorFlow has no wheel with CUDA for aarch64: planning PyTorch alone (`gpusetup why tensorflow`)"
        )
        return _in_order(wanted, ("torch",))
    return _in_order(wanted, USUAL)


def _in_order(wanted: Wanted, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Return the frameworks named, else the usual ones and those whose release is pinned."""
    chosen = wanted.frameworks or (*usual, *(one for one in FRAMEWORKS if getattr(wanted, one)))
    return tuple(one for one in FRAMEWORKS if one in chosen)


def _nvswitches(machine: Machine | None, given: tuple[Card, ...]) -> bool | None:
    """Say whether the GPUs are on a board with NVSwitches; the newest are on no PCI bus that the host sees."""
    return None if machine is None else bool(value_of(machine.nvswitches)) or bool(on_board(given))


def _present(
    facts: Facts, distro: str, machine: Machine | None, wanted: Wanted, given: tuple[Card, ...], whose: DriverOf
) -> dict[str, Any]:
    """Return the fields about the driver that answers on `machine`; none where it is not what was asked for."""
    if machine is None or not given or wanted.driver or whose:
        return {}
    version, flavour, owner = present.driver(machine, systems.owners(facts, distro))
    if wanted.repo not in ("", WHEELS, owner):
        return {}
    return {"present_driver": version, "present_flavour": flavour, "present_owner": owner}


def check(facts: Facts, wanted: Wanted) -> None:
    """Raise `WrongInputError` for the first name or version that no table knows, or a pin of what is excluded."""
    of = systems.distribution(facts, wanted.distro)
    require_known("processor architecture", wanted.arch.lower(), ARCHES)
    _require_release(facts, of, wanted.release)
    require_known(f"driver of {of.title} from", wanted.repo, (*of.owners, WHEELS))
    require_known(f"variant of {of.title}", wanted.variant, ("classic", *of.variants))
    check_pins(facts, wanted)
    for framework in FRAMEWORKS:
        if getattr(wanted, framework) and wanted.frameworks and framework not in wanted.frameworks:
            raise WrongInputError(
                f"--{framework} pins a framework that --framework excludes", f"add --framework {framework}"
            )
    for one in wanted.environments:
        check_pins(facts, Pinned(torch=one.torch, tensorflow=one.tensorflow, jax=one.jax, python=one.python))


def _require_release(facts: Facts, of: Distribution, version: str) -> None:
    wanted = systems.numbered(of, version)
    if wanted and hosts.later(facts, of.name, wanted) is None:
        known = [row.release for row in systems.releases(facts, of.name)]
        require_known(f"{of.title} release", wanted, known)


def _found(facts: Facts, machine: Machine, wanted: Wanted, notes: list[str]) -> tuple[Card, ...]:
    there = cards.found(facts, machine)
    if not there and not (wanted.driver or wanted.cuda or wanted.cudnn):
        notes.append("no NVIDIA GPU found: planning a CPU stack (--gpu NAME plans for a card)")
    return there


def _release(of: Distribution, machine: Machine | None, wanted: Wanted, facts: Facts) -> str:
    """Return the release requested or found; "" (the newest) for a host of another distribution."""
    if wanted.release or machine is None:
        return systems.numbered(of, wanted.release)
    distro, release = value_of(machine.system.distro), value_of(machine.system.release)
    if distro == of.name and release:
        _require_release(facts, of, release)
        return systems.numbered(of, release)
    return ""


def _variant(machine: Machine | None, wanted: Wanted) -> Variant:
    """Return the kind of system: as requested, else as detected."""
    if wanted.variant:
        return "" if wanted.variant == "classic" else wanted.variant
    found = None if machine is None else value_of(machine.system.image)
    return IMAGES.get(found or "", "")


def _hybrid(facts: Facts, machine: Machine | None, given: tuple[Card, ...]) -> bool | None:
    """Return whether this is a notebook with a second GPU; None where only the machine itself can show it."""
    if machine is not None:
        notebook, others = value_of(machine.system.notebook), value_of(machine.other_displays)
        if notebook is not None and others is not None:
            return notebook and bool(others)
    mobile = {row.name for row in facts.gpu if row.market == "laptop"}
    return None if any(card.name in mobile for card in given) else False
