"""``gpusetup doctor --fix``: what was found as a recipe, printed, carried out or taken back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from gpusetup.cli._apply import carry_out, host_place, take_back
from gpusetup.cli._options import HERE
from gpusetup.cli._streams import tell
from gpusetup.errors import EXIT_FINE

if TYPE_CHECKING:
    from gpusetup.cli._diagnosis import MachineSource, Policy
    from gpusetup.doctor.finding import Finding
    from gpusetup.machine.model import Machine
    from gpusetup.render.model import Recipe


def repair(
    source: MachineSource,
    policy: Policy,
    form: str,
    only: str,
    *,
    asked: bool,
    do_apply: bool,
    do_undo: bool,
    yes: bool,
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
    return _apply(source, policy, only, yes=yes) if do_apply else _print(source, policy, form, only)


def _print(source: MachineSource, policy: Policy, form: str, only: str) -> int:
    """Print the recipe and what is left to a person; the exit code is the doctor's."""
    from gpusetup.doctor.repair import RepairOptions
    from gpusetup.doctor.repair import repair as made
    from gpusetup.report.repair import show
    from gpusetup.value import to_json

    if form not in {"text", "json"}:
        raise click.UsageError("--fix prints text or JSON")
    machine = source.read(meanwhile=policy.rules)
    report, code = policy.judge(machine)
    found = made(report.findings, machine, RepairOptions(python=sys.executable, wishes=_wishes(only)))
    click.echo(to_json(found), nl=False) if form == "json" else show(found)
    return code


def _apply(source: MachineSource, policy: Policy, only: str, *, yes: bool) -> int:
    """Carry the steps out, or go on with those that a reboot interrupted."""
    from gpusetup.apply.preconditions import refuse_other_host

    place = host_place()
    recipe = place.waiting(mends=True) or _recipe(
        msgspec.structs.replace(source, sysroot=str(place.root)), policy, only
    )
    if not recipe.steps:
        click.echo("nothing here can be carried out; gpusetup doctor --fix says what is left to a person")
        return EXIT_FINE
    refuse_other_host(recipe, place.root)
    return carry_out(recipe, place, yes=yes)


def _recipe(source: MachineSource, policy: Policy, only: str) -> Recipe:
    from gpusetup.doctor.repair import RepairOptions
    from gpusetup.doctor.repair import repair as made

    machine = source.read(meanwhile=policy.rules)
    findings = policy.judge(machine)[0].findings
    person = os.environ.get("SUDO_USER", "") if os.geteuid() == 0 and source.sysroot == HERE else ""
    theirs = _of_login(person, source, policy, machine, findings) if person not in {"", "root"} else ()
    asked = RepairOptions(python=sys.executable, wishes=_wishes(only), person=person)
    return made(findings, machine, asked, theirs).recipe


def _of_login(
    person: str, source: MachineSource, policy: Policy, machine: Machine, ours: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return what is wrong in a login of whoever called sudo, and not for root: groups, variables, limits."""
    from gpusetup.doctor.rule import either
    from gpusetup.machine.login import read_login, seen_by
    from gpusetup.machine.model import Unread

    nodes = [node.path for node in either(machine.device_nodes) or ()]
    login = read_login(person, nodes, source.deadline)
    if isinstance(login, Unread):
        tell(f"could not look as {person}: {login.source} {login.unread} {login.detail}")
        return ()
    known = {one.rule for one in ours if one.state in {"error", "warning", "info"}}
    return tuple(one for one in policy.judge(seen_by(login, machine))[0].findings if one.rule not in known)


def _wishes(only: str) -> tuple[str, ...]:
    """Return the rules that were named one by one, and not by their topic."""
    return tuple(name for part in only.split(",") if not (name := part.strip().upper()).isalpha())
