"""From options and a machine to a `Request`: every name checked, and what had to be assumed said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from gpusetup.errors import CannotLookError, RefusedError, WrongInputError
from gpusetup.resolve import cards
from gpusetup.resolve.domains import hosts
from gpusetup.resolve.model import Card, PythonEnv, Repo, Request, Variant
from gpusetup.resolve.pins import covers
from gpusetup.value import Value
from gpusetup.versions import dotted, driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine, Reading

T = TypeVar("T")

DISTROS = ("fedora",)
ARCH = "x86_64"
FRAMEWORKS = ("torch", "tensorflow")
IMAGES: dict[str, Variant] = {"ostree": "ostree", "bootc": "bootc"}


class Pins(Value):
    """What the user said on the command line; "" and () leave it open."""

    distro: str = ""
    release: str = ""
    gpus: tuple[str, ...] = ()
    gpu_archs: tuple[str, ...] = ()
    repo: Repo | Literal[""] = ""
    frameworks: tuple[str, ...] = ()
    driver: str = ""
    cuda: str = ""
    cudnn: str = ""
    torch: str = ""
    tensorflow: str = ""
    python: str = ""
    allow_eol: bool = False
    variant: Variant | Literal["classic"] = ""
    containers: bool = False
    python_env: PythonEnv = "venv"


class RequestOptions(Value):
    """The request, notes on what was taken from where, for the user to read, and the machine that it is for."""

    request: Request
    notes: tuple[str, ...]
    machine: Machine | None = None
    """None: the question is about another machine than this one."""


def ask(facts: Facts, wishes: Pins, read: Callable[[], Machine]) -> RequestOptions:
    """Return the request that `wishes` amount to on the machine that `read` gives.

    The machine is read only where the wishes leave something open: with the cards and the distribution given, this
    is a question about another machine. Raises `WrongInputError` naming what is known when a name or version is not.
    """
    check(facts, wishes)
    for framework in FRAMEWORKS:
        if getattr(wishes, framework) and wishes.frameworks and framework not in wishes.frameworks:
            raise WrongInputError(f"--{framework} asks for what --framework leaves out", f"add --framework {framework}")
    given = cards.named(facts, wishes.gpus, wishes.gpu_archs)
    elsewhere = bool(wishes.gpus or wishes.gpu_archs) and bool(wishes.distro or wishes.release)
    machine = None if elsewhere else read()
    notes: list[str] = []
    if machine is not None and not (wishes.gpus or wishes.gpu_archs):
        given = _found(facts, machine, wishes, notes)
    request = Request(
        distro=wishes.distro or DISTROS[0],
        release=_release(facts, machine, wishes, notes),
        machine_arch=ARCH if machine is None else machine.system.arch,
        cards=given,
        repo=wishes.repo,
        frameworks=tuple(one for one in FRAMEWORKS if one in (wishes.frameworks or FRAMEWORKS)),
        driver=wishes.driver or _windows_driver(machine, given, notes),
        wsl=_is_wsl(machine),
        cuda=wishes.cuda,
        cudnn=wishes.cudnn,
        torch=wishes.torch,
        tensorflow=wishes.tensorflow,
        python=wishes.python,
        secure_boot=None if machine is None else _value(machine.system.secure_boot),
        allow_eol=wishes.allow_eol,
        variant=_variant(machine, wishes),
        hybrid=_hybrid(facts, machine, given),
        containers=wishes.containers,
        python_env=wishes.python_env,
    )
    if request.machine_arch != ARCH:
        raise RefusedError(f"this machine is {request.machine_arch}, and the tables cover {ARCH} hosts only",
                           "give --gpu and --distro to plan for another machine")  # fmt: skip
    return RequestOptions(request=request, notes=tuple(notes), machine=machine)


def check(facts: Facts, wishes: Pins) -> None:
    """Raise `WrongInputError` for the first wish that names nothing the tables know."""
    _known("distribution", wishes.distro, DISTROS)
    _known_release(facts, wishes.release)
    if wishes.driver:
        branches = [row.branch for row in facts.branch]
        _known("driver branch", driver(wishes.driver).branch, branches)
    if wishes.cuda:
        _known("CUDA", wishes.cuda, _cuda_names(facts), "CUDA series", [row.series for row in facts.cuda_series])
    if wishes.cudnn:
        _known_version("cuDNN", wishes.cudnn, [row.version for row in facts.cudnn])
    if wishes.torch:
        release, plus, variant = wishes.torch.partition("+")
        _known_version("torch", release, [row.release for row in facts.torch])
        _known("variant of torch", variant if plus else "", [*(row.variant for row in facts.variant), "cpu"])
    if wishes.tensorflow:
        _known_version("TensorFlow", wishes.tensorflow, [row.release for row in facts.tensorflow])
    if wishes.python:
        pythons = {one for row in facts.torch for one in row.python}
        pythons |= {one for row in facts.tensorflow for one in row.python}
        _known_version("Python", wishes.python, sorted(pythons, key=dotted, reverse=True))


def _cuda_names(facts: Facts) -> set[str]:
    series = {row.series for row in facts.cuda_series}
    return series | {one.partition(".")[0] for one in series} | {row.release for row in facts.cuda}


def _known(what: str, wanted: str, known: Iterable[str], listed: str = "", short: Iterable[str] = ()) -> None:
    names = tuple(known)
    if wanted and wanted not in names:
        shown = tuple(short) or names
        raise WrongInputError(f"no {what} {wanted} in the tables", f"known: {listed or what} {', '.join(shown)}")


def _known_release(facts: Facts, wanted: str) -> None:
    if wanted and hosts.later(facts, wanted) is None:
        _known("Fedora release", wanted, [str(row.release) for row in facts.fedora])


def _known_version(what: str, wanted: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if not any(covers(wanted, name) for name in names):
        shown = ", ".join(names[:12]) + (f" … {names[-1]}" if len(names) > 12 else "")
        raise WrongInputError(f"no {what} {wanted} in the tables", f"known: {shown}")


def _found(facts: Facts, machine: Machine, wishes: Pins, notes: list[str]) -> tuple[Card, ...]:
    there = cards.found(facts, machine)
    if not there and not (wishes.driver or wishes.cuda or wishes.cudnn):
        notes.append("no NVIDIA GPU found: this is the stack for the CPU (--gpu NAME plans for a card)")
    return there


def _is_wsl(machine: Machine | None) -> bool:
    return machine is not None and _value(machine.system.virtualization) == "wsl"


def _windows_driver(machine: Machine | None, given: tuple[Card, ...], notes: list[str]) -> str:
    """Return the driver that WSL has from Windows, "" elsewhere; raises `CannotLookError` where there should be one.

    Source: CUDA on WSL User Guide: no Linux driver may be installed inside WSL, libcuda is Windows' own.
    """
    if machine is None or not _is_wsl(machine) or not given:
        return ""
    version = _value(machine.driver.nvml)
    if version is None:
        raise CannotLookError(
            "NVIDIA's driver of Windows does not answer inside WSL, so what fits it is not known",
            "install or update it in Windows, then `wsl --update`; or name its version: --driver V",
        )
    notes.append(f"this is WSL: driver {version} is Windows', and no driver is installed inside")
    return version


def _release(facts: Facts, machine: Machine | None, wishes: Pins, notes: list[str]) -> str:
    """Return the release asked for or found; "" (the newest) for a host of another distribution, which is said."""
    if wishes.release or machine is None:
        return wishes.release
    distro, release = _value(machine.system.distro), _value(machine.system.release)
    if distro == (wishes.distro or DISTROS[0]) and release:
        _known_release(facts, release)
        return release
    if not wishes.distro:
        name = _value(machine.system.pretty_name) or distro or "of an unknown distribution"
        notes.append(f"this host is {name}, for which there are no recipes: this is a plan for the newest Fedora")
    return ""


def _variant(machine: Machine | None, wishes: Pins) -> Variant:
    """Return how the system is put together: as the user says, else as it was found."""
    if wishes.variant:
        return "" if wishes.variant == "classic" else wishes.variant
    found = None if machine is None else _value(machine.system.image)
    return IMAGES.get(found or "", "")


def _hybrid(facts: Facts, machine: Machine | None, given: tuple[Card, ...]) -> bool | None:
    """Say whether this is a notebook with a second GPU; None where only the machine itself can tell."""
    if machine is not None:
        notebook, others = _value(machine.system.notebook), _value(machine.other_displays)
        if notebook is not None and others is not None:
            return notebook and bool(others)
    mobile = {row.name for row in facts.gpu if row.market == "laptop"}
    return None if any(card.name in mobile for card in given) else False


def _value(reading: Reading[T]) -> T | None:
    from gpusetup.machine.model import Unread  # noqa: PLC0415 - loaded when a machine was read

    return None if isinstance(reading, Unread) else reading
