"""``gpusetup fleet``: many hosts compared with each other, from what was saved of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branching
from gpusetup.cli._options import as_json, one_format, schema_option
from gpusetup.cli._reports import format_option, reports_option, show_result, write_reports

if TYPE_CHECKING:
    from gpusetup.fleet.model import Fleet


def _kind() -> type[Fleet]:
    from gpusetup.fleet.model import Fleet  # --help needs no values

    return Fleet


BRANCHES: dict[str, str] = {
    "collect": "Ask many hosts over ssh what they have and whether it is sound.",
    "links": "Say which link, card or host is at fault, from what several hosts measured of each other.",
    "rollout": "Plan one recipe for each group of equal hosts, and write a playbook with waves and a canary.",
    "keep": "Keep them in a store, with their time and the judgement over them.",
    "history": "Show what the store remembers: since when, where before, what comes and goes or gets worse.",
    "export": "Write what the store holds for Prometheus, OpenTelemetry, or as Parquet.",
    "gate": "Say whether a scheduler may give a host work, by its last judgement in the store.",
}
"""Subcommands by name, each with its line in the help: ``keep`` is the function `keep` of ``cli/_fleet_keep.py``."""


@click.command(cls=Branching, branches=BRANCHES)
@click.argument("paths", metavar="FOLDER|FILE|-...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--expect", type=click.Path(path_type=Path), metavar="FILE",
              help="The hosts that there should be, and what each should have (TOML).")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["warning", "error"]), default="error", show_default=True,
              help="The least severe state of a host that makes the exit code 1.")  # fmt: skip
@click.option("--redact", is_flag=True,
              help="Remove names of hosts and people, and secrets; a host has one stand-in throughout.")  # fmt: skip
@as_json
@format_option
@reports_option
@schema_option(_kind)
@click.pass_context
def fleet(
    ctx: click.Context,
    /,
    *,
    paths: tuple[Path, ...],
    expect: Path | None,
    fail_on: str,
    redact: bool,
    as_json: bool,
    form: str,
    reports: Path | None,
) -> None:
    """Compare many hosts: which one differs from its equals, computes other bits or is slow, and what all have alike.

    Give machines (`gpusetup detect -o HOST.json`), reports (`gpusetup doctor --json`) and proofs (`gpusetup selftest
    --save`) as folders, files or lines of JSON. No host is asked, and nothing is run.

    Exit code: 0 fine, 1 a host to drain or an error on most hosts, 2 a wrong path, 3 something could not be judged.
    """
    from datetime import UTC, datetime

    from gpusetup.fleet.gather import gather
    from gpusetup.fleet.inventory import NO_PLAN, read_plan
    from gpusetup.fleet.judge import exit_code, judge
    from gpusetup.report.fleet import show
    from gpusetup.report.fleet_formats import outcomes
    from gpusetup.value import to_json

    form = one_format(form, as_json=as_json)
    plan = read_plan(expect) if expect is not None else NO_PLAN
    found = judge(gather(paths, plan.check if expect is not None else None), datetime.now(UTC), plan)
    if redact:
        from gpusetup.cli._redaction import fleet_without_names

        found = fleet_without_names(found)
    if form == "text" and reports is None:
        show(found)
    else:
        text, told = to_json(found, indent=2), outcomes(found)
        show_result(form, text, told, lambda: show(found))
        write_reports(reports, text, told)
    ctx.exit(exit_code(found, fail_on))
