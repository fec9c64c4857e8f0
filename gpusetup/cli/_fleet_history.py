"""``gpusetup fleet history``: what the store remembers of a host, of a GPU, or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._fleet_store import store_option, store_path
from gpusetup.cli._options import as_json, schema_option

if TYPE_CHECKING:
    from gpusetup.fleet.history.model import History


def _kind() -> type[History]:
    from gpusetup.fleet.history.model import History  # --help needs no values

    return History


@click.command(cls=Branch)
@click.argument("words", metavar="[HOST|GPU]...", nargs=-1)
@store_option
@as_json
@schema_option(_kind)
def history(words: tuple[str, ...], store: str | None, as_json: bool) -> None:
    """Show what the store remembers: of hosts, of GPUs (UUID, its beginning, or serial number), or of all.

    Since when a host is as it is and what changed on it before; where a GPU was before, and whether a fault went with
    it; what comes and goes, and what gets worse.
    """
    from gpusetup.fleet.history.memory import Memory
    from gpusetup.fleet.history.whole import history as remembered
    from gpusetup.fleet.store.database import opened
    from gpusetup.report.fleet_history import show
    from gpusetup.value import to_json

    file = store_path(store)
    with opened(file) as database:
        found = remembered(Memory(database), str(file), words)
    if as_json:
        click.echo(to_json(found), nl=False)
    else:
        show(found)
