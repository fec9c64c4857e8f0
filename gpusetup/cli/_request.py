"""The options of a request: what a stack is for and what it must contain. Shared by plan, why, install and others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from gpusetup.cli._command import section
from gpusetup.cli._completion import FrameworkName, OwnerName, gpu_names
from gpusetup.cli._environments import named_environments
from gpusetup.cli._options import machine_options
from gpusetup.cli._packages import own_packages
from gpusetup.cli._reading import HERE, read_machine
from gpusetup.cli._streams import notify
from gpusetup.resolve.pins import FRAMEWORKS, PINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gpusetup.facts import Facts
    from gpusetup.machine.model import Machine
    from gpusetup.resolve.asked.request import RequestOptions, Wanted
    from gpusetup.resolve.model import Channel, Request

F = TypeVar("F", bound="Callable[..., Any]")

HOST = (
    click.option("--distro", default="", metavar="NAME",
                 help="Plan for this distribution, by its ID in os-release.  [default: as detected]"),
    click.option("--release", default="", metavar="N", help="Plan for this release, such as 44."),
    click.option("--gpu", "gpus", multiple=True, metavar="NAME", shell_complete=gpu_names,
                 help="Plan for this card instead of the detected ones (repeatable): a name, '8x H100', a PCI id or "
                      "sm_89; `none` for no card."),
    click.option("--gpu-arch", "gpu_archs", multiple=True, metavar="X.Y",
                 help="Plan for a card of this compute capability (repeatable)."),
    click.option("--arch", default="", metavar="NAME", help="Plan for this processor architecture: x86_64 or aarch64."),
    click.option("--variant", type=click.Choice(["classic", "ostree", "bootc"]),
                 help="Kind of system: packages, an image with layered packages, or a bootable container.  "
                      "[default: as detected]"),
)  # fmt: skip
STACK = (
    click.option("--framework", "frameworks", multiple=True, type=FrameworkName(FRAMEWORKS),
                 help="Only this framework (repeatable).  [default: torch and tensorflow]"),
    *(click.option(f"--{pin.field}", default="", metavar=pin.metavar, help=pin.help) for pin in PINS),
    click.option("--repo", type=OwnerName(),
                 help="Source of the driver: an owner of its packages, or NVIDIA's installer (`runfile`); `wheels` "
                      "uses packages for the driver and CUDA only from Python wheels."),
    click.option("--containers", is_flag=True, help="Also set up GPU containers (CDI)."),
    click.option("--with", "extras", multiple=True, metavar="NAME",
                 help="Also install this Python package, such as torchvision or 'vllm>=0.30', or this part of a "
                      "server: dcgm, fabric-manager, imex or persistence; what NVSwitch boards need is always "
                      "included (repeatable)."),
    click.option("--requirement", "-r", "requirements", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                 help="Also install the packages in this requirements.txt or pyproject.toml (repeatable)."),
    click.option("--constraint", "-c", "constraints", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                 help="Keep these packages to the versions in this file, where they are installed (repeatable)."),
    click.option("--environment", "named", multiple=True, metavar="NAME[=FILE]",
                 help="Also make an environment NAME with the packages in this requirements file; without a FILE, of "
                      "those in --environments only this one (repeatable)."),
    click.option("--environments", "named_files", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                 help="Make the environments in the tables [environments.NAME] of this TOML file, each with its own "
                      "frameworks, Python and packages, on one driver (repeatable)."),
    click.option("--pre", is_flag=True, help="Allow pre-releases of these packages."),
    click.option("--preview", type=click.Choice(["nightly", "rc"]),
                 help="Take the newest nightly or release candidate of the framework, instead of a release."),
    click.option("--python-env", type=click.Choice(["venv", "uv"]), default="venv", show_default=True,
                 help="Tool that creates the Python environments."),
    click.option("--allow-eol", is_flag=True, help="Allow a release past its end of life."),
)  # fmt: skip
NAMES = (
    "machine_file", "sysroot", "deadline", "distro", "release", "gpus", "gpu_archs", "arch", "variant", "frameworks",
    *(pin.field for pin in PINS), "repo", "containers", "extras", "requirements",
    "constraints", "named", "named_files", "pre", "preview", "python_env", "allow_eol",
)  # fmt: skip
"""The parameters of these options, for subcommands that take them."""


def again(ctx: click.Context) -> Iterator[str]:
    """Yield the options of the request as they were given, quoted for a shell."""
    import shlex

    for param in ctx.command.params:
        if param.name in NAMES and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            value = ctx.params[param.name]
            for one in value if isinstance(value, tuple) else (value,):
                yield max(param.opts, key=len)
                if one is not True:
                    yield shlex.quote(str(one))


def request_options(command: F) -> F:
    """Add the options of a request, and of the machine it is for."""
    return section("Target", machine_options, *HOST)(section("Stack", *STACK)(command))


def read_request(facts: Facts, **options: Any) -> Request:
    """Return the request for the options; assumptions are reported on stderr."""
    return read_asked(facts, **options).request


def read_asked(
    facts: Facts, *, machine_file: str | None, sysroot: str, deadline: float, **options: Any
) -> RequestOptions:
    """Return the request with its notes, and the machine that was read for it."""
    from gpusetup.resolve import prepare  # --help needs none of it
    from gpusetup.resolve.asked.request import ask

    def read() -> Machine:
        return read_machine(machine_file, sysroot, deadline, lambda: prepare(facts))

    saved = machine_file is not None or sysroot != HERE
    asked = ask(facts, read_wanted(**options), read, saved=saved)
    for note in asked.notes:
        notify(f"note: {note}")
    return asked


def read_wanted(
    *, repo: str | None, variant: str | None = None, extras: tuple[str, ...] = (), requirements: tuple[Path, ...] = (),
    constraints: tuple[Path, ...] = (), named: tuple[str, ...] = (), named_files: tuple[Path, ...] = (),
    pre: bool = False, preview: Channel | None = None, **wanted: Any,
) -> Wanted:  # fmt: skip
    """Return what is wanted of a stack, on whatever machine."""
    from gpusetup.resolve.asked.request import Wanted  # --help needs none of it

    parts, packages = own_packages(extras, requirements, constraints, pre=pre and not named, preview=preview or "")
    own = bool(packages.wanted or preview)
    environments = named_environments(named, named_files, wanted, own=own, pre=pre)
    more: Any = {"repo": repo or "", "variant": variant or "", "parts": parts, "packages": packages}
    return Wanted(environments=environments, **more, **wanted)
