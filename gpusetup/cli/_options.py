"""Options shared by several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from gpusetup.cli._reading import HERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.value import Value

DEEP_SECONDS = "120"
F = TypeVar("F", bound="Callable[..., Any]")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON (stable schema).")


def one_format(form: str, *, as_json: bool) -> str:
    """Return the format selected by ``--format`` and ``--json``; a usage error if they disagree."""
    if as_json and form not in {"text", "json"}:
        raise click.UsageError(f"--json and --format {form} select two formats: remove one")
    return "json" if as_json else form


def reading_options(command: F) -> F:
    """Add ``--sysroot`` and ``--deadline``: the host to read, and the timeout for NVML."""
    for option in (
        click.option("--deadline", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, metavar="SECONDS",
                     help="Timeout for the driver's answers."),
        click.option("--sysroot", type=click.Path(), default=HERE, metavar="DIR",
                     help="Read the host in DIR instead of this one."),
    ):  # fmt: skip
        command = option(command)
    return command


def machine_options(command: F) -> F:
    """Add the options for reading a host, and ``--machine``, which replays a saved one instead."""
    option = click.option(
        "--machine", "machine_file", type=click.Path(), metavar="FILE",
        help="Replay a machine saved with `gpusetup detect` (- is standard input).",
    )  # fmt: skip
    return option(reading_options(command))


def deep_options(command: F) -> F:
    """Add ``--deep`` and ``--python``: whether to import the installed frameworks, and with which interpreters."""
    for option in (
        click.option("--python", "pythons", multiple=True, metavar="FRAMEWORK=PATH",
                     help="With --deep: the interpreter of a framework (repeatable)."),
        click.option("--deep", type=click.FloatRange(1, 3600), is_flag=False, flag_value=DEEP_SECONDS,
                     metavar="[SECONDS]",
                     help="Import each installed framework in a separate process with a timeout of SECONDS (default "
                          "120): does it see the GPU, which libraries does it load, are its results right? Also "
                          "read systemd's journal for errors before the last boot."),
    ):  # fmt: skip
        command = option(command)
    return command


def refuse_elsewhere(deep: float | None, machine_file: str | None, sysroot: str) -> None:
    """Raise a usage error for ``--deep`` on a saved machine or a folder, whose programs cannot be run here."""
    if deep is not None and (machine_file is not None or sysroot != HERE):
        raise click.UsageError(
            "--deep imports the frameworks of this machine; it cannot be used with --machine or --sysroot"
        )


def schema_option(kind: Callable[[], type[Value]]) -> Callable[[F], F]:
    """Add ``--schema``, which prints the JSON schema of the ``--json`` output."""

    def show(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
        if asked:
            from gpusetup.value import schema, to_json

            click.echo(to_json(schema(kind())), nl=False)
            ctx.exit()

    return click.option(
        "--schema", is_flag=True, is_eager=True, expose_value=False, callback=show,
        help="Print the JSON schema of the result and exit.",
    )  # fmt: skip
