"""``gpusetup compare``: two proofs, locks or machines in files, without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._command import Command
from gpusetup.cli._comparison import comparison_kind, show_comparison
from gpusetup.cli._options import as_json, one_format, schema_option
from gpusetup.cli._reports import format_option, reports_option

if TYPE_CHECKING:
    pass

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(cls=Command)
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("now", metavar="B", type=click.Path(path_type=Path))
@click.option("--profile", default="", metavar="NAME", help="Which profile of a lock.  [default: the only one]")
@click.option("--bits", is_flag=True, help="Demand the same bits: exit with 1 for results within tolerance too.")
@click.option("--checks", "own", type=_FOLDER, metavar="DIR", help="Your own checks, for the tolerances of a proof.")
@as_json
@format_option
@reports_option
@schema_option(comparison_kind)
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    *,
    before: Path,
    now: Path,
    profile: str,
    bits: bool,
    own: Path | None,
    as_json: bool,
    form: str,
    reports: Path | None,
) -> None:
    """Compare A and B, each a proof, a lock or a machine in a file: what differs, and which results moved.

    Nothing is run. Tolerances are those of the lock, or of the checks here for a proof.

    Exit code: 0 the same, or within tolerance; 1 they differ; 3 something was not compared.
    """
    from gpusetup.evidence.compare import exit_code  # --help needs none of it
    from gpusetup.evidence.sides import compare_sides, read_side
    from gpusetup.facts import facts
    from gpusetup.selftest.registry import checks

    form, known = one_format(form, as_json=as_json), checks(own)
    found = compare_sides(read_side(before, profile, known), read_side(now, profile, known), facts())
    show_comparison(found, "gpusetup compare", form, reports, bits=bits)
    ctx.exit(exit_code(found, bits=bits))
