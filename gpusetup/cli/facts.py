"""``gpusetup facts``: the compatibility tables, with sources and expiry."""

from __future__ import annotations

from datetime import date, datetime

import click

from gpusetup.cli._command import Group
from gpusetup.cli._options import as_json
from gpusetup.errors import EXIT_PROBLEMS

DAY = click.DateTime(formats=["%Y-%m-%d"])


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
