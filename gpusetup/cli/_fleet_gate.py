"""``gpusetup fleet gate``: whether a host may get work, by its last judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._fleet_store import store_option, store_path
from gpusetup.cli._options import as_json, schema_option

if TYPE_CHECKING:
    from gpusetup.fleet.gate import Gate


def _kind() -> type[Gate]:
    from gpusetup.fleet.gate import Gate  # --help needs no values

    return Gate


@click.command(cls=Branch)
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@store_option
@click.option("--max-age", type=click.FloatRange(0.01, 87_600), default=26.0, show_default=True, metavar="HOURS",
              help="A judgement, or what was judged, that is older says nothing.")  # fmt: skip
@click.option("--reason", default="", metavar="TEXT",
              help="Why the scheduler has drained HOST: “gpusetup: …” may be undrained, nothing else.")  # fmt: skip
@as_json
@schema_option(_kind)
@click.pass_context
def gate(
    ctx: click.Context, /, *, hosts: tuple[str, ...], store: str | None, max_age: float, reason: str, as_json: bool
) -> None:
    """Say whether a scheduler may give HOST work, by its last judgement in the store.

    Prints for each host its name, “pass”, “drain”, “unknown” or, with --reason, “undrain”, and why; with tabs between.

    Exit code: 0 pass, 1 drain, 2 no store, 3 nothing is known.
    """
    from datetime import UTC, datetime

    from gpusetup.fleet.gate import exit_code
    from gpusetup.fleet.gate import gate as judged
    from gpusetup.fleet.history.memory import Memory
    from gpusetup.fleet.store.database import opened
    from gpusetup.text import neutral
    from gpusetup.value import to_json

    if reason and len(hosts) > 1:
        raise click.UsageError("--reason is of one host: give one HOST")
    with opened(store_path(store)) as database:
        found = judged(Memory(database), hosts, datetime.now(UTC), max_age * 3600, reason)
    if as_json:
        click.echo(to_json(found), nl=False)
    else:
        for one in found.hosts:
            word = "undrain" if one.undrain else one.verdict
            click.echo(neutral(one.host) + "\t" + word + "\t" + neutral(one.reason or one.why))
    ctx.exit(exit_code(found))
