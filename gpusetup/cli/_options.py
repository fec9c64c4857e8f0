"""Options that several commands share, and how the machine they speak of is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.machine.model import Machine

F = TypeVar("F", bound="Callable[..., Any]")

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON (stable schema).")


def reading_options(command: F) -> F:
    """Add ``--sysroot`` and ``--deadline``: which host is read, and how long NVML may take."""
    for option in (
        click.option("--deadline", type=click.FloatRange(0.1, 3600), default=10.0, show_default=True, metavar="SECONDS",
                     help="How long the driver may take to answer."),
        click.option("--sysroot", type=click.Path(path_type=Path), default=Path("/"), metavar="DIR",
                     help="Read the host under DIR instead of this one."),
    ):  # fmt: skip
        command = option(command)
    return command


def machine_options(command: F) -> F:
    """Add the options of reading a host, and ``--machine``, which replays a saved one instead."""
    option = click.option(
        "--machine", "machine_file", type=click.Path(path_type=Path), metavar="FILE",
        help="Replay a machine saved with `gpusetup detect` (- is standard input).",
    )  # fmt: skip
    return option(reading_options(command))


def read_machine(
    machine_file: Path | None, sysroot: Path, deadline: float, meanwhile: Callable[[], object] | None = None
) -> Machine:
    """Return the saved machine, or read the host under `sysroot`, giving NVML `deadline` seconds.

    `meanwhile` is done while the driver works.
    """
    if machine_file is not None:
        from gpusetup.machine.model import Machine  # noqa: PLC0415
        from gpusetup.value import load  # noqa: PLC0415

        return load(machine_file, Machine)
    from gpusetup.machine.read import read  # noqa: PLC0415

    return read(sysroot, deadline, meanwhile)
