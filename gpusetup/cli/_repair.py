"""``gpusetup doctor --fix``: print, apply or undo the remedies of the findings, as a recipe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from gpusetup.cli._apply import carry_out, host_state, take_back
from gpusetup.cli._reading import HERE
from gpusetup.cli._streams import notify
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
    """Print, apply or undo the remedies of the findings, and return the exit code."""
    if not asked:
        raise click.UsageError("--apply and --undo need --fix")
    if (do_apply or do_undo) and (source.machine_file is not None or source.sysroot != HERE):
        raise click.UsageError("--fix --apply changes this machine; it cannot be used with --machine or --sysroot")
    if do_undo:
        state = host_state()
        take_back(state, lambda entry: state.is_repair(entry.recipe), yes=yes)
        return EXIT_FINE
    return _apply(source, policy, only, yes=yes) if do_apply else _print(source, policy, form, only)


def _print(source: MachineSource, policy: Policy, form: str, only: str) -> int:
    """Print the recipe and what has to be done by hand; the exit code is the doctor's."""
    from gpusetup.doctor.remedies.repair import RepairOptions
    from gpusetup.doctor.remedies.repair import repair as made
    from gpusetup.report.repair import show
    from gpusetup.value import to_json

    if form not in {"text", "json"}:
        raise click.UsageError("--fix supports --format text and json")
    machine = source.read(meanwhile=policy.prepare)
    report, code = policy.judge(machine)
    found = made(report.findings, machine, RepairOptions(python=sys.executable, wishes=_named_rules(only)))
    click.echo(to_json(found), nl=False) if form == "json" else show(found)
    return code


def _apply(source: MachineSource, policy: Policy, only: str, *, yes: bool) -> int:
    """Apply the steps, or continue with those that a reboot interrupted."""
    from gpusetup.apply.preconditions import refuse_other_host

    state = host_state()
    waiting = state.waiting(repair=True)
    if waiting and not _concerns(waiting, only):
        notify(f"{', '.join(step.id for step in waiting.steps)}: a restart is needed to finish")
        waiting = None
    recipe = waiting or _recipe(msgspec.structs.replace(source, sysroot=str(state.root)), policy, only)
    if not recipe.steps:
        click.echo("there is no step to apply; gpusetup doctor --fix lists what has to be done by hand")
        return EXIT_FINE
    refuse_other_host(recipe, state.root)
    return carry_out(recipe, state, yes=yes)


def _concerns(waiting: Recipe, only: str) -> bool:
    """Return whether a recipe that waits for a reboot has a step for a rule that `only` names, or none is named."""
    names = tuple(f"doctor-{name.lower()}" for part in only.split(",") if (name := part.strip()))
    return not names or any(step.id.startswith(names) for step in waiting.steps)


def _recipe(source: MachineSource, policy: Policy, only: str) -> Recipe:
    from gpusetup.doctor.remedies.repair import RepairOptions
    from gpusetup.doctor.remedies.repair import repair as made

    machine = source.read(meanwhile=policy.prepare)
    findings = policy.judge(machine)[0].findings
    person = os.environ.get("SUDO_USER", "") if os.geteuid() == 0 and source.sysroot == HERE else ""
    theirs = _of_login(person, source, policy, machine, findings) if person not in {"", "root"} else ()
    asked = RepairOptions(python=sys.executable, wishes=_named_rules(only), person=person)
    return made(findings, machine, asked, theirs).recipe


def _of_login(
    person: str, source: MachineSource, policy: Policy, machine: Machine, ours: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return problems in a login of the user behind sudo that root does not have: groups, variables, limits."""
    from gpusetup.doctor.rule import either
    from gpusetup.machine.login import read_login, seen_by
    from gpusetup.machine.model import Unread

    nodes = [node.path for node in either(machine.device_nodes) or ()]
    login = read_login(person, nodes, source.deadline)
    if isinstance(login, Unread):
        notify(f"cannot check as user {person}: {login.source} {login.unread} {login.detail}")
        return ()
    known = {one.rule for one in ours if one.state in {"error", "warning", "info"}}
    return tuple(one for one in policy.judge(seen_by(login, machine))[0].findings if one.rule not in known)


def _named_rules(only: str) -> tuple[str, ...]:
    """Return the rules that were named individually, not by their prefix."""
    return tuple(name for part in only.split(",") if not (name := part.strip().upper()).isalpha())
