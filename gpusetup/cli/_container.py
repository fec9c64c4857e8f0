"""The stack and the base image of ``gpusetup container``: from a lock, or from the options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from click.core import ParameterSource

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.render.container.model import Base
    from gpusetup.resolve.model import Refusal, Request, Stack

OLDEST_GLIBC = "2.34"
"""Of the base images; wheels for a newer C library would not load in each of them."""
PLACELESS = {"apptainer": "--own-venv", "bootc": "--own-venv and --copy", "selftest": "--own-venv and --copy"}
"""The formats whose user has no place of their own to install into, or which do one thing alone."""


class Wanted(msgspec.Struct, frozen=True):
    """Which format, and which base image for it."""

    kind: str
    name: str
    reference: str
    pin: bool


def chosen_stack(
    ctx: click.Context, options: dict[str, Any], wanted: Wanted, lock: Path | None, profile: str, *, locked: bool
) -> tuple[Stack, Base]:
    """Return the stack and the base image; with `locked` every wheel of it has its SHA-256."""
    from gpusetup.facts import facts
    from gpusetup.render.container.choose import base_of, choose

    how: dict[str, Any] = {"name": wanted.name, "reference": wanted.reference, "pin": wanted.pin}
    if lock is not None:
        _only_lock(ctx, options)
        stack, base = base_of(_of_lock(lock, profile), facts(), wanted.kind, **how)
    else:
        stack, base = choose(_request(options, wanted, how), facts(), wanted.kind, **how)
    require_compiler(stack, base)
    if locked and lock is None:
        from gpusetup.cli._locks import every_wheel

        stack = every_wheel(stack)
    return stack, base


def require_compiler(stack: Stack, base: Base) -> None:
    """Raise `RefusedError` for a package that nvcc compiles where the build stage has none; report what is built."""
    from gpusetup.cli._completion import base_names
    from gpusetup.cli._streams import notify

    with_nvcc = f"--base-image {base_names(of_nvidia=True)[0]}"
    built = [one for environment in stack.environments for one in environment.built]
    kernels = [one.name for one in built if one.compiler == "nvcc"]
    if kernels and not base.build_reference:
        raise RefusedError(
            f"{', '.join(kernels)} has no wheel, and the base image has no nvcc to compile it",
            f"use one whose build stage is NVIDIA's image with nvcc: {with_nvcc}",
        )
    for one in built:
        more = "" if one.compiler or base.build_reference else f"; if it needs nvcc: {with_nvcc}"
        notify(f"note: {neutral(one.text)} has no wheel: it is compiled in the image's build stage{more}")


def _request(options: dict[str, Any], wanted: Wanted, how: dict[str, Any]) -> Request:
    from gpusetup.cli._environments import one_environment
    from gpusetup.cli._packages import suited
    from gpusetup.cli._request import read_request
    from gpusetup.facts import facts
    from gpusetup.render.container.choose import attempted

    def solve(one: Request) -> Stack | Refusal:
        return attempted(one, facts(), wanted.kind, **how)

    return one_environment(suited(read_request(facts(), **options), facts(), options, solve=solve, glibc=OLDEST_GLIBC))


def _of_lock(path: Path, profile: str) -> Stack:
    from gpusetup.apply.locked_plan import locked_stack
    from gpusetup.cli._locks import plan_file
    from gpusetup.facts import facts

    saved = plan_file(path)
    if not saved.is_lock:
        raise WrongInputError(f"{path} is no lock", "write one: gpusetup plan --format toml --wheels -o gpusetup.lock")
    return locked_stack(saved.profile(profile), facts())


def _only_lock(ctx: click.Context, options: dict[str, Any]) -> None:
    for name in options:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in READING:
            raise click.UsageError(f"the lock already has the request; remove the option for {name}")


READING = frozenset({"machine_file", "sysroot", "deadline"})
"""Options that say which machine `container check` compares with."""


def require_place(kind: str, *, copied: str, own_venv: bool) -> None:
    """Raise a usage error for an option that the format has no place for."""
    said = PLACELESS.get(kind, "")
    wrong = [name for name, given in (("--own-venv", own_venv), ("--copy", bool(copied))) if given and name in said]
    if wrong:
        raise click.UsageError(f"--format {kind} does not support {wrong[0]}")


def code_folder(given: str, output: Path | None, *, build: bool) -> str:
    """Return the user's folder as the file names it: relative to the current folder, or to that of the output.

    Raises `WrongInputError` where it is none, or does not lie below it.
    """
    if not given:
        return ""
    from gpusetup.render.container.names import copied

    beside = Path() if output is None or build else output.parent
    try:
        name = str(Path(given).resolve().relative_to(beside.resolve()))
    except ValueError as error:
        raise WrongInputError(
            f"{given} does not lie beside the file that copies it", "write the file into the folder above it"
        ) from error
    if not Path(given).is_dir():
        raise WrongInputError(f"{given} is no folder", "--copy takes a folder")
    return copied(name)
