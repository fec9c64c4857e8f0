"""``gpusetup facts``: the compatibility tables, with sources and expiry."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gpusetup.cli._command import Group
from gpusetup.cli._completion import FrameworkName, gpu_names
from gpusetup.cli._options import as_json
from gpusetup.errors import EXIT_PROBLEMS
from gpusetup.resolve.pins import FRAMEWORKS, PINS

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
PINNED = ("driver", "torch", "tensorflow", "jax", "python")
DAY = click.DateTime(formats=["%Y-%m-%d"])


def _pins(command: F) -> F:
    """Add the pins that narrow a matrix."""
    for pin in reversed(PINS):
        if pin.field in PINNED:
            command = click.option(f"--{pin.field}", default="", metavar=pin.metavar, help=pin.help)(command)
    return command


@click.group(cls=Group)
def facts() -> None:
    """List the compatibility facts, with sources and expiry."""


@facts.command(name="list")
@click.argument("table", required=False)
@click.option("--grep", default="", metavar="TEXT", help="Show only rows that contain TEXT (ignoring case).")
@as_json
def list_rows(*, table: str | None, grep: str, as_json: bool) -> None:
    """List the tables, or the rows of TABLE."""
    from gpusetup.facts import facts as tables  # --help needs none of it
    from gpusetup.facts.age import summaries
    from gpusetup.report import facts as report
    from gpusetup.value import to_json

    if table is None:
        found = summaries(tables(), date.today())
        click.echo(to_json(found), nl=False) if as_json else report.show_tables(found)
        return
    rows = [row for row in tables().load(table) if grep.lower() in to_json(row).lower()]
    click.echo(to_json(rows), nl=False) if as_json else report.show_rows(rows)


@facts.command()
@click.argument("row")
@as_json
def show(*, row: str, as_json: bool) -> None:
    """Show the row with the id ROW, with all its sources."""
    from gpusetup.facts import facts as tables  # --help needs none of it
    from gpusetup.facts.find import row_by_id
    from gpusetup.report import facts as report
    from gpusetup.value import to_json

    found = row_by_id(tables(), row)
    click.echo(to_json(found), nl=False) if as_json else report.show_row(found)


@facts.command()
@click.option("--on", type=DAY, metavar="DATE", help="Use this day instead of today (YYYY-MM-DD).")
@as_json
@click.pass_context
def stale(ctx: click.Context, *, on: datetime | None, as_json: bool) -> None:
    """List the expired rows; the exit code is 1 if there are any."""
    from gpusetup.facts import age
    from gpusetup.facts import facts as tables  # --help needs none of it
    from gpusetup.report import facts as report
    from gpusetup.value import to_json

    day = on.date() if on else date.today()
    found = age.stale(tables(), day)
    click.echo(to_json([row for _, row in found]), nl=False) if as_json else report.show_stale(found, day)
    ctx.exit(EXIT_PROBLEMS if found else 0)


@facts.command()
@as_json
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check the tables for contradictions; the exit code is 1 if there are any."""
    from gpusetup.facts import facts as tables  # --help needs none of it
    from gpusetup.facts.check import CHECKS
    from gpusetup.facts.check import check as problems_of
    from gpusetup.report import facts as report
    from gpusetup.value import to_json

    found = list(problems_of(tables()))
    click.echo(to_json(found), nl=False) if as_json else report.show_problems(found, len(CHECKS))
    ctx.exit(EXIT_PROBLEMS if found else 0)


@facts.command()
@click.option(
    "--gpu",
    "gpus",
    multiple=True,
    metavar="NAME",
    shell_complete=gpu_names,
    help="Every build for this card (repeatable): a name, a PCI id or sm_89.  [default: the newest builds "
    "for every generation]",
)
@click.option(
    "--gpu-arch",
    "gpu_archs",
    multiple=True,
    metavar="X.Y",
    help="Every build for a card of this compute capability (repeatable).",
)
@click.option(
    "--framework",
    "frameworks",
    multiple=True,
    type=FrameworkName(FRAMEWORKS),
    help="Only this framework (repeatable).  [default: all]",
)
@click.option("--release", default="", metavar="N", help="On this release, such as 44.  [default: each maintained one]")
@click.option(
    "--arch",
    default="",
    metavar="NAME",
    help="On this processor architecture: x86_64 or aarch64.  [default: that of the card's host]",
)
@_pins
@click.option("--allow-eol", is_flag=True, help="Allow a release past its end of life.")
@click.option("--all", "everything", is_flag=True, help="Show every release, not only the newest patch of each series.")
@as_json
def matrix(*, everything: bool, as_json: bool, **wanted: Any) -> None:
    """Show which builds run on which card, with which CUDA, driver and Python, and why the others do not.

    Each field is decided as `gpusetup plan` decides it. JSON has every release.
    """
    from gpusetup.cli._matrix import compatibility  # --help needs none of it
    from gpusetup.report import matrix as report
    from gpusetup.resolve.asked.request import Wanted
    from gpusetup.value import to_json

    found = compatibility(Wanted(**wanted))
    if as_json:
        click.echo(to_json(found, indent=-1), nl=False)
    elif wanted["gpus"] or wanted["gpu_archs"]:
        report.show_builds(found, everything=everything)
    else:
        report.show_cards(found)
