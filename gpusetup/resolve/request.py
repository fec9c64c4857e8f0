"""Turn options and a machine into a `Request`: validate every name, and note every assumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from gpusetup.errors import CannotLookError, RefusedError, WrongInputError
from gpusetup.resolve import cards
from gpusetup.resolve.domains import hosts
from gpusetup.resolve.model import Card, PythonEnv, Repo, Request, Variant
from gpusetup.resolve.pins import Pinned, check_pins, pinned, require_known
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine, Reading

T = TypeVar("T")

DISTROS = ("fedora",)
ARCH = "x86_64"
FRAMEWORKS = ("torch", "tensorflow")
IMAGES: dict[str, Variant] = {"ostree": "ostree", "bootc": "bootc"}


class Wanted(Pinned):
    """The options given on the command line; "" and () where an option was not given."""

    distro: str = ""
    release: str = ""
    gpus: tuple[str, ...] = ()
    gpu_archs: tuple[str, ...] = ()
    repo: Repo | Literal[""] = ""
    frameworks: tuple[str, ...] = ()
    allow_eol: bool = False
    variant: Variant | Literal["classic"] = ""
    containers: bool = False
    python_env: PythonEnv = "venv"


class RequestOptions(Value):
    """The request, notes for the user on assumptions made, and the machine it is for."""

    request: Request
    notes: tuple[str, ...]
    machine: Machine | None = None
    """None: the request is for another machine than this one."""


def ask(facts: Facts, wanted: Wanted, read: Callable[[], Machine]) -> RequestOptions:
    """Return the request for `wanted` on the machine that `read` returns.

    The machine is read only if needed: with both cards and distribution given, the request is for another machine.
    Raises `WrongInputError`, which lists the known values, for an unknown name or version.
    """
    check(facts, wanted)
    for framework in FRAMEWORKS:
        if getattr(wanted, framework) and wanted.frameworks and framework not in wanted.frameworks:
            raise WrongInputError(
                f"--{framework} pins a framework that --framework excludes", f"add --framework {framework}"
            )
    given = cards.named(facts, wanted.gpus, wanted.gpu_archs)
    elsewhere = bool(wanted.gpus or wanted.gpu_archs) and bool(wanted.distro or wanted.release)
    machine = None if elsewhere else read()
    notes: list[str] = []
    if machine is not None and not (wanted.gpus or wanted.gpu_archs):
        given = _found(facts, machine, wanted, notes)
    request = Request(
        distro=wanted.distro or DISTROS[0],
        release=_release(facts, machine, wanted, notes),
        machine_arch=ARCH if machine is None else machine.system.arch,
        cards=given,
        repo=wanted.repo,
        frameworks=tuple(one for one in FRAMEWORKS if one in (wanted.frameworks or FRAMEWORKS)),
        wsl=_is_wsl(machine),
        **pinned(wanted) | {"driver": wanted.driver or _windows_driver(machine, given, notes)},
        secure_boot=None if machine is None else _value(machine.system.secure_boot),
        allow_eol=wanted.allow_eol,
        variant=_variant(machine, wanted),
        hybrid=_hybrid(facts, machine, given),
        containers=wanted.containers,
        python_env=wanted.python_env,
    )
    if request.machine_arch != ARCH:
        raise RefusedError(f"this machine is {request.machine_arch}; the tables cover {ARCH} hosts only",
                           "give --gpu and --distro to plan for another machine")  # fmt: skip
    return RequestOptions(request=request, notes=tuple(notes), machine=machine)


def check(facts: Facts, wanted: Wanted) -> None:
    """Raise `WrongInputError` for the first name or version that no table knows."""
    require_known("distribution", wanted.distro, DISTROS)
    _require_release(facts, wanted.release)
    check_pins(facts, wanted)


def _require_release(facts: Facts, wanted: str) -> None:
    if wanted and hosts.later(facts, wanted) is None:
        require_known("Fedora release", wanted, [str(row.release) for row in facts.fedora])


def _found(facts: Facts, machine: Machine, wanted: Wanted, notes: list[str]) -> tuple[Card, ...]:
    there = cards.found(facts, machine)
    if not there and not (wanted.driver or wanted.cuda or wanted.cudnn):
        notes.append("no NVIDIA GPU found: planning a CPU stack (--gpu NAME plans for a card)")
    return there


def _is_wsl(machine: Machine | None) -> bool:
    return machine is not None and _value(machine.system.virtualization) == "wsl"


def _windows_driver(machine: Machine | None, given: tuple[Card, ...], notes: list[str]) -> str:
    """Return the Windows driver under WSL, "" elsewhere; raises `CannotLookError` where it does not answer.

    Source: CUDA on WSL User Guide: no Linux driver may be installed inside WSL; libcuda comes from Windows.
    """
    if machine is None or not _is_wsl(machine) or not given:
        return ""
    version = _value(machine.driver.nvml)
    if version is None:
        raise CannotLookError(
            "NVIDIA's Windows driver does not answer inside WSL, so its version is not known",
            "install or update it in Windows, then run `wsl --update`; or give its version: --driver V",
        )
    notes.append(f"this is WSL: driver {version} comes from Windows, and none is installed in Linux")
    return version


def _release(facts: Facts, machine: Machine | None, wanted: Wanted, notes: list[str]) -> str:
    """Return the release requested or found; "" (the newest) with a note for a host of another distribution."""
    if wanted.release or machine is None:
        return wanted.release
    distro, release = _value(machine.system.distro), _value(machine.system.release)
    if distro == (wanted.distro or DISTROS[0]) and release:
        _require_release(facts, release)
        return release
    if not wanted.distro:
        name = _value(machine.system.pretty_name) or distro or "of an unknown distribution"
        notes.append(f"this host is {name}, which no recipe supports: planning for the newest Fedora")
    return ""


def _variant(machine: Machine | None, wanted: Wanted) -> Variant:
    """Return the kind of system: as requested, else as detected."""
    if wanted.variant:
        return "" if wanted.variant == "classic" else wanted.variant
    found = None if machine is None else _value(machine.system.image)
    return IMAGES.get(found or "", "")


def _hybrid(facts: Facts, machine: Machine | None, given: tuple[Card, ...]) -> bool | None:
    """Return whether this is a notebook with a second GPU; None where only the machine itself can show it."""
    if machine is not None:
        notebook, others = _value(machine.system.notebook), _value(machine.other_displays)
        if notebook is not None and others is not None:
            return notebook and bool(others)
    mobile = {row.name for row in facts.gpu if row.market == "laptop"}
    return None if any(card.name in mobile for card in given) else False


def _value(reading: Reading[T]) -> T | None:
    from gpusetup.machine.model import Unread  # already loaded when a machine was read

    return None if isinstance(reading, Unread) else reading
