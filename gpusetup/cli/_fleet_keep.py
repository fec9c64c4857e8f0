"""``gpusetup fleet keep``: what was saved of many hosts goes into the store, with the judgement over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._fleet_store import store_option, store_path
from gpusetup.cli._options import as_json, schema_option

if TYPE_CHECKING:
    from gpusetup.fleet.store.keep import Kept


def _kind() -> type[Kept]:
    from gpusetup.fleet.store.keep import Kept  # --help needs no values

    return Kept


@click.command(cls=Branch)
@click.argument("paths", metavar="FOLDER|FILE|-...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--expect", type=click.Path(path_type=Path), metavar="FILE",
              help="The hosts that there should be, and what each should have (TOML).")  # fmt: skip
@store_option
@click.option("--keep-days", type=click.IntRange(1, 36_500), default=400, show_default=True, metavar="DAYS",
              help="Take out what ended longer ago.")  # fmt: skip
@as_json
@schema_option(_kind)
def keep(paths: tuple[Path, ...], expect: Path | None, store: str | None, keep_days: int, as_json: bool) -> None:
    """Keep what was saved of many hosts, and the judgement over them, in the store.

    Give all hosts at once: they are judged by comparison. The same documents again change nothing.
    """
    from datetime import UTC, datetime

    from gpusetup.fleet.gather import gather
    from gpusetup.fleet.inventory import NO_PLAN, read_plan
    from gpusetup.fleet.judge import judge
    from gpusetup.fleet.store.add import add
    from gpusetup.fleet.store.database import opened
    from gpusetup.fleet.store.observed import Notes
    from gpusetup.report.fleet_rows import headline
    from gpusetup.value import to_json

    plan = read_plan(expect) if expect is not None else NO_PLAN
    notes, now = Notes(), datetime.now(UTC)
    gathered = gather(paths, plan.check if expect is not None else None, notes.take)
    found = judge(gathered, now, plan)
    file = store_path(store, make=True)
    with opened(file, write=True) as database:
        kept = add(database, found, gathered.hosts, notes, now, keep_days)
    if as_json:
        click.echo(to_json(kept), nl=False)
        return
    click.echo(headline(found))
    old = f", {kept.older:,} were kept already or are older" if kept.older else ""
    click.echo(f"kept: {kept.changed:,} changed, {kept.same:,} are as before{old}; {kept.samples:,} figures")
