"""``gpusetup repro``: say whether a command gives the same results twice, and if not, why."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from gpusetup.cli._command import Command
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json, one_format, schema_option
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._presets import preset_option
from gpusetup.cli._reports import format_option, reports_option, show_result, write_reports
from gpusetup.cli._signals import unwinding
from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.repro.axes import Axis
    from gpusetup.repro.model import Repro

DEADLINE = 3600.0
SCRATCH = "gpusetup-repro-"


def _kind() -> type[Repro]:
    from gpusetup.repro.model import Repro  # --help needs no values

    return Repro


def _axes(_ctx: click.Context, _option: click.Parameter, names: str) -> list[Axis]:
    from gpusetup.repro.axes import chosen

    return chosen(names)


@click.command(cls=Command, context_settings={"allow_interspersed_args": False})
@click.argument("words", metavar="-- COMMAND…", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--runs", type=click.IntRange(min=2), default=2, show_default=True, help="Runs as it is.")
@click.option(
    "--vary", metavar="AXES", default="", callback=_axes,
    help="Also vary these, one at a time: a list with commas, such as threads,locale, or `all`.",
)  # fmt: skip
@click.option(
    "--search/--no-search", default=True, show_default=True,
    help="Search the cause where runs differ, in a dozen more runs.",
)  # fmt: skip
@click.option(
    "--bisect",
    is_flag=True,
    help="Find the first operation of PyTorch, TensorFlow or JAX that differs, and the line that asked for it.",
)
@click.option(
    "--compare", "outputs", metavar="GLOB", multiple=True,
    help="Compare only these of the files it writes, such as '*.pt' (repeatable).  [default: all]",
)  # fmt: skip
@click.option("--ignore", "ignored", metavar="GLOB", multiple=True, help="Leave these files out (repeatable).")
@click.option(
    "--deadline", metavar="SECONDS", type=click.FloatRange(min=1), default=DEADLINE, show_default=True,
    help="Timeout for one run.",
)  # fmt: skip
@click.option("--output", "-o", type=OUTPUT, metavar="FILE", help="Also save the result as JSON.")
@as_json
@format_option
@reports_option
@preset_option
@schema_option(_kind)
@click.pass_context
def repro(
    ctx: click.Context, /, *, words: tuple[str, ...], runs: int, vary: list[Axis], search: bool, bisect: bool,
    outputs: tuple[str, ...], ignored: tuple[str, ...], deadline: float, output: Path | None, as_json: bool,
    form: str, reports: Path | None,
) -> None:  # fmt: skip
    """Run COMMAND twice, compare what it writes and prints, and name the cause when the results differ.

    Each run has its own copy of the current folder; nothing in it is changed. When two runs differ, seeds, clock,
    hash order and kernels are fixed from outside, then varied one at a time: no line of the program needs to change.

    Exit code: 0 the results are the same, 1 they differ or depend on an axis of --vary, 3 nothing could be compared.
    """
    from gpusetup.errors import EXIT_PROBLEMS
    from gpusetup.report.repro import show
    from gpusetup.report.repro_formats import outcomes
    from gpusetup.repro.search import Search
    from gpusetup.repro.trial import Bench
    from gpusetup.repro.trial import Command as Examined
    from gpusetup.value import to_json

    form = one_format(form, as_json=as_json)
    command = Examined(words, Path.cwd(), deadline, outputs, ignored)
    with unwinding(), _scratch() as scratch:
        bench = Bench(command, scratch, notify)
        typed = ctx.get_parameter_source("bisect") is not ParameterSource.DEFAULT_MAP
        found = Search(command, bench, runs, vary, bisect, search, insist=typed).find()
    text, told = to_json(found), outcomes(found)
    if output is not None:
        deliver(text, output)
    show_result(form, text, told, lambda: show(found))
    write_reports(reports, text, told)
    if not found.reproduces or found.causes():
        ctx.exit(EXIT_PROBLEMS)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make the folder of the copies, and remove it at the end; a command may have left what cannot be removed."""
    from gpusetup.errors import CannotLookError

    try:
        folder = tempfile.TemporaryDirectory(prefix=SCRATCH, ignore_cleanup_errors=True)
    except OSError as error:
        raise CannotLookError(
            f"cannot make a folder for the copies: {error.strerror}", "set TMPDIR to one with room"
        ) from error
    with folder as path:
        try:
            yield Path(path)
        except OSError as error:
            raise CannotLookError(
                f"cannot keep what a run left in {path}: {error.strerror}", "set TMPDIR to a folder with room"
            ) from error
