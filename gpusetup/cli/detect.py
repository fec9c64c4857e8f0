"""``gpusetup detect``: the Machine as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._command import Command
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json, deep_options, reading_options, refuse_elsewhere, schema_option
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._reading import deepened, read_machine

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine


def _kind() -> type[Machine]:
    from gpusetup.machine.model import Machine  # --help needs no values

    return Machine


@click.command(cls=Command)
@reading_options
@deep_options
@click.option("--output", "-o", type=OUTPUT, metavar="FILE", help="Write to FILE (- is standard output).")
@click.option(
    "--redact/--no-redact", "redact", default=None,
    help="Remove names of this machine and its users, and secrets; the doctor's findings stay the same.  "
         "[default: yes for a FILE, which is usually shared; no for standard output]",
)  # fmt: skip
@as_json
@schema_option(_kind)
def detect(
    output: Path | None, sysroot: str, deadline: float, deep: float | None, pythons: tuple[str, ...],
    redact: bool | None,
    as_json: bool,  # noqa: ARG001 - the output is always JSON
) -> None:  # fmt: skip
    """Print all readings from this machine as JSON: values, or the reason why a value could not be read.

    Nothing is judged and nothing is changed. Save it with --output to replay it in other commands with --machine. Only
    environment variables on a fixed list are included, and only values of the expected form.
    """
    from gpusetup.cli._redaction import machine_without_names  # --help needs no msgspec
    from gpusetup.files import STDIO
    from gpusetup.value import to_json

    refuse_elsewhere(deep, None, sysroot)
    machine = deepened(read_machine(None, sysroot, deadline), deep, pythons)
    to_file = output is not None and str(output) != STDIO
    asked = to_file if redact is None else redact
    how = ", without names and secrets; --no-redact keeps the names" if asked else ", with the names of this machine"
    deliver(to_json(machine_without_names(machine, sysroot) if asked else machine), output, how)
