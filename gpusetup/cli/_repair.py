"""``gpusetup doctor --fix``: what was found as a recipe, printed, carried out or taken back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from gpusetup.cli._apply import carry_out, host_place, take_back
from gpusetup.cli._options import HERE
from gpusetup.errors import EXIT_FINE

if TYPE_CHECKING:
    from gpusetup.cli._diagnosis import Source, Standard
    from gpusetup.render.model import Recipe


def repair(
    source: Source, standard: Standard, form: str, *, asked: bool, do_apply: bool, do_undo: bool, yes: bool
) -> int:
    """Print, carry out or take back what mends the findings, and return the exit code."""
    if not asked:
        raise click.UsageError("--apply and --undo go with --fix")
    if (do_apply or do_undo) and (source.machine_file is not None or source.sysroot != HERE):
        raise click.UsageError("--fix --apply is for this machine; --machine and --sysroot speak of another one")
    if do_undo:
        place = host_place()
        take_back(place, lambda entry: place.mends(entry.recipe), yes=yes)
        return EXIT_FINE
    return _apply(source, standard, yes=yes) if do_apply else _print(source, standard, form)


def _print(source: Source, standard: Standard, form: str) -> int:
    """Print the recipe and what is left to a person; the exit code is the doctor's."""
    from gpusetup.doctor.repair import repair as made  # noqa: PLC0415
    from gpusetup.report.repair import show  # noqa: PLC0415
    from gpusetup.value import to_json  # noqa: PLC0415

    if form not in {"text", "json"}:
        raise click.UsageError("--fix prints text or JSON")
    machine = source.read(meanwhile=standard.rules)
    report, code = standard.judge(machine)
    found = made(report.findings, machine, sys.executable)
    click.echo(to_json(found), nl=False) if form == "json" else show(found)
    return code


def _apply(source: Source, standard: Standard, *, yes: bool) -> int:
    """Carry the steps out, or go on with those that a reboot interrupted."""
    from gpusetup.apply.guard import refuse_other_host  # noqa: PLC0415

    place = host_place()
    recipe = place.waiting(mends=True) or _recipe(msgspec.structs.replace(source, sysroot=str(place.root)), standard)
    if not recipe.steps:
        click.echo("nothing here can be carried out; gpusetup doctor --fix says what is left to a person")
        return EXIT_FINE
    refuse_other_host(recipe, place.root)
    return carry_out(recipe, place, yes=yes)


def _recipe(source: Source, standard: Standard) -> Recipe:
    from gpusetup.doctor.repair import repair as made  # noqa: PLC0415

    machine = source.read(meanwhile=standard.rules)
    return made(standard.judge(machine)[0].findings, machine, sys.executable).recipe
