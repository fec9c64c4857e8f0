"""Options that several commands share, and how the machine they speak of is found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gpusetup.cli._streams import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.machine.model import Machine
    from gpusetup.value import Value

HERE = "/"
"""The ``--sysroot`` that is this machine itself."""
DEEP_SECONDS = "120"
F = TypeVar("F", bound="Callable[..., Any]")

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON (stable schema).")


def one_format(form: str, *, as_json: bool) -> str:
    """Return the format that ``--format`` and ``--json`` ask for; a usage error where they ask for two."""
    if as_json and form not in {"text", "json"}:
        raise click.UsageError(f"--json and --format {form} are two formats: leave one out")
    return "json" if as_json else form


def reading_options(command: F) -> F:
    """Add ``--sysroot`` and ``--deadline``: which host is read, and how long NVML may take."""
    for option in (
        click.option("--deadline", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, metavar="SECONDS",
                     help="How long the driver may take to answer."),
        click.option("--sysroot", type=click.Path(), default=HERE, metavar="DIR",
                     help="Read the host under DIR instead of this one."),
    ):  # fmt: skip
        command = option(command)
    return command


def machine_options(command: F) -> F:
    """Add the options of reading a host, and ``--machine``, which replays a saved one instead."""
    option = click.option(
        "--machine", "machine_file", type=click.Path(), metavar="FILE",
        help="Replay a machine saved with `gpusetup detect` (- is standard input).",
    )  # fmt: skip
    return option(reading_options(command))


def read_machine(
    machine_file: str | None, sysroot: str, deadline: float, meanwhile: Callable[[], object] | None = None
) -> Machine:
    """Return the saved machine, or read the host under `sysroot`, giving NVML `deadline` seconds.

    `meanwhile` is done while the driver works.
    """
    if machine_file is not None:
        from pathlib import Path

        from gpusetup.machine.model import Machine
        from gpusetup.value import load

        return load(Path(machine_file), Machine)
    from gpusetup.machine.read import read

    return read(sysroot, deadline, meanwhile)


def deep_options(command: F) -> F:
    """Add ``--deep`` and ``--python``: import the installed frameworks, and by which interpreters."""
    for option in (
        click.option("--python", "pythons", multiple=True, metavar="FRAMEWORK=PATH",
                     help="With --deep: the interpreter a framework is in (repeatable)."),
        click.option("--deep", type=click.FloatRange(1, 3600), is_flag=False, flag_value=DEEP_SECONDS,
                     metavar="[SECONDS]",
                     help="Import each installed framework in a process of its own, which may take so long (120 unless "
                          "told): does it see the GPU, which libraries does it load, are its numbers right? And look "
                          "for errors before the last restart in systemd's journal."),
    ):  # fmt: skip
        command = option(command)
    return command


def deepened(machine: Machine, deep: float | None, pythons: tuple[str, ...]) -> Machine:
    """Return `machine` with what takes its time, if ``--deep`` asks for it.

    That is what its frameworks do when they are imported, and what the journal keeps of the start before this one.
    """
    if deep is None:
        return machine
    from gpusetup.machine.deep import deepen  # --help needs none of this
    from gpusetup.selftest.frameworks import parse

    if sys.stderr.isatty():
        tell(f"importing the installed frameworks (at most {deep:g} s)")
    return deepen(machine, parse(pythons), deep)


def refuse_elsewhere(deep: float | None, machine_file: str | None, sysroot: str) -> None:
    """Raise a usage error for ``--deep`` on a saved machine or a folder, whose programs cannot be run here."""
    if deep is not None and (machine_file is not None or sysroot != HERE):
        raise click.UsageError("--deep imports the frameworks of this machine; --machine and --sysroot are of another")


def schema_option(kind: Callable[[], type[Value]]) -> Callable[[F], F]:
    """Add ``--schema``, which prints the JSON schema of what ``--json`` prints."""

    def show(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
        if asked:
            from gpusetup.value import schema, to_json

            click.echo(to_json(schema(kind())), nl=False)
            ctx.exit()

    return click.option(
        "--schema", is_flag=True, is_eager=True, expose_value=False, callback=show,
        help="Print the JSON schema of the result, and stop.",
    )  # fmt: skip
