"""``gpusetup fleet export``: what the store holds, for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._fleet_store import store_option, store_path


@click.command(cls=Branch)
@store_option
@click.option("--format", "form", type=click.Choice(["prometheus", "otlp", "parquet"]), default="prometheus",
              show_default=True, help="OpenMetrics text, OTLP as lines of JSON, or Parquet files.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE|DIR",
              help="Write there in one step, not to standard output; a folder for Parquet.")  # fmt: skip
def export(store: str | None, form: str, output: Path | None) -> None:
    """Write what the store holds: the newest state of hosts and GPUs as metrics, or the whole history as Parquet."""
    from gpusetup.cli._deliver import deliver
    from gpusetup.fleet.history.memory import Memory
    from gpusetup.fleet.store.database import opened
    from gpusetup.report.fleet_export.metrics import metrics
    from gpusetup.report.fleet_export.openmetrics import openmetrics
    from gpusetup.report.fleet_export.otlp import otlp

    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is two files: give --output DIR")
    with opened(store_path(store)) as database:
        memory = Memory(database)
        if form == "parquet":
            from gpusetup.report.fleet_export.parquet import write_parquet

            assert output is not None
            for path in write_parquet(memory, output):
                click.echo(str(path))
            return
        deliver("".join((openmetrics if form == "prometheus" else otlp)(metrics(memory))), output)
