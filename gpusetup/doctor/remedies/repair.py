"""From findings to a recipe: every remedy that has a ``step`` becomes one with three phases.

Its *check* is the rule itself, asked again; its *apply* are the commands of the remedy, under functions that note what
was there (``recipes/doctor/``); its *undo* comes back to that. All else is left to a person, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.content_dirs import content_root
from gpusetup.doctor.finding import Finding, Remedy
from gpusetup.doctor.remedies.fixes import changes_packages, chosen, on_host, row
from gpusetup.doctor.remedies.model import RemedyRow
from gpusetup.doctor.remedies.system_kind import family, image_keys
from gpusetup.doctor.rule import either
from gpusetup.errors import WrongInputError
from gpusetup.render.model import Recipe, Step
from gpusetup.render.quoting import sh
from gpusetup.render.quoting_check import check_shell
from gpusetup.render.steps import digest, read_library
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

FUNCTIONS = "doctor"
DEEP = "FWK"
"""How the ids of the rules begin that judge what only an import shows."""
PATHS = ("path", "folder", "python")
"""Values of a remedy that are paths, which come from the host: with ``..`` in it, one could lead anywhere."""
REBOOT = "sudo systemctl reboot"


class Left(Value):
    """A finding that is left to a person, and why: a name in ``reasons.json``."""

    reason: str
    finding: Finding


class Repair(Value):
    """What can be carried out, and what is left to a person."""

    recipe: Recipe
    by_hand: tuple[Left, ...]


class RepairOptions(Value):
    """What was asked of the doctor, beyond the machine, as far as a repair depends on it."""

    python: str
    """The interpreter whose gpusetup looks again."""
    wishes: tuple[str, ...] = ()
    """Rules that were named one by one: what may be wanted as it is, is changed for these."""
    person: str = ""
    """Whose login the findings are of, "" for the session at hand."""


class _Group(Value):
    """What one rule found that one remedy repairs; each of its subjects has values of its own."""

    rule: str
    fix: str
    findings: tuple[Finding, ...]
    asked: RepairOptions


@cache
def reasons() -> dict[str, str]:
    """Return why a remedy is left to a person, in words by name."""
    return msgspec.json.decode(Path(__file__).with_name("reasons.json").read_bytes(), type=dict[str, str])


def repair(
    findings: Iterable[Finding], machine: Machine, asked: RepairOptions, theirs: Iterable[Finding] = ()
) -> Repair:
    """Return what repairs `findings` of `machine`, and then `theirs`, which are those of the person's login alone."""
    distro = either(machine.system.distro) or "unknown"
    groups: dict[tuple[str, str], _Group] = {}
    left: list[Left] = []
    here = msgspec.structs.replace(asked, person="")
    for one, whose in [*((each, here) for each in findings), *((each, asked) for each in theirs)]:
        reason = _reason(one, machine, whose)
        if reason:
            left.append(Left(reason=reason, finding=one))
        elif one.remedy and reason is not None:
            key = (one.rule, one.remedy.fix)
            before = groups.get(key, _Group(rule=one.rule, fix=one.remedy.fix, findings=(), asked=whose))
            groups[key] = msgspec.structs.replace(before, findings=(*before.findings, one))
    steps = tuple(_step(group, machine) for group in groups.values())
    like = either(machine.system.distro_like) or ()
    library = "\n".join((read_library(family(distro, like) or distro), *_functions()))
    return Repair(
        recipe=Recipe(
            distro=distro,
            release=either(machine.system.release) or "",
            library=library,
            steps=steps,
            digest=digest(library, steps),
        ),
        by_hand=tuple(left),
    )


def _functions() -> list[str]:
    return [path.read_text() for path in sorted((content_root() / "recipes" / FUNCTIONS).glob("*.sh"))]


def _reason(one: Finding, machine: Machine, asked: RepairOptions) -> str | None:
    """Return why `one` is left to a person, "" when it is not, None when it says nothing that could be repaired."""
    if one.state not in {"error", "warning", "unknown", "info"}:
        return None
    if one.state == "unknown":
        return "unseen"
    if one.remedy is None or not one.remedy.fix:
        return "note"
    found = row(one.remedy.fix)
    if by_hand := "elsewhere" if on_host(one.remedy.fix, machine) else found.by_hand:
        return by_hand
    key = chosen(found, machine)
    if found.step is None or key not in found.step:
        of_packages = any(map(changes_packages, found.commands.values()))
        return "image" if of_packages and image_keys(machine) else "distribution"
    return _unfit(one, one.remedy, found, asked) or _strange(one.remedy, key)


def _strange(remedy: Remedy, key: str) -> str:
    try:
        _commands(remedy, key)
    except WrongInputError:
        return "strange"
    return ""


def _unfit(one: Finding, remedy: Remedy, found: RemedyRow, asked: RepairOptions) -> str:
    """Return why root is not to act on what was found: by whom it is said, what it names, that nobody wishes it."""
    if asked.person and not found.login:
        return "login"
    if not _is_where_it_may_be(remedy, found):
        return "outside"
    return "choice" if (one.state == "info" or found.wish) and one.rule not in asked.wishes else ""


def _is_where_it_may_be(remedy: Remedy, found: RemedyRow) -> bool:
    """Say whether each path that the remedy names is a plain one, and in a folder where it may change something."""
    named = {name: value for name, value in remedy.values.items() if name in PATHS}
    folders = tuple(f"{folder}/" for folder in found.under or ("",))
    return all(os.path.normpath(path) == path and path.startswith(folders) for path in named.values())


def _step(group: _Group, machine: Machine) -> Step:
    found = row(group.fix)
    key = chosen(found, machine)
    remedies = [one.remedy for one in group.findings if one.remedy]
    name = f"doctor-{group.rule}-{group.fix}".lower()
    person = group.asked.person or ("root" if found.login else "")
    undo = [_filled(command, one) for one in remedies for command in found.undo]
    commands = dict.fromkeys(command for one in remedies for command in _commands(one, key))
    return Step(
        id=name,
        title=remedies[0].text,
        why="; ".join(f"{one.rule}, {one.subject}: {one.summary}" for one in group.findings),
        define=check_shell(
            f"step={sh(name)} rule={sh(group.rule)} python={sh(group.asked.python)} person={sh(person)}\n"
            f"asked=({sh(_deep(machine) if group.rule.startswith(DEEP) else ())})\n"
        ),
        check=(found.check or "found_nothing") + "\n",
        apply=_lines(*(f"undo_by {command}" for command in undo), *commands),
        undo="take_back\n",
        reboot_after=REBOOT in found.commands[key],
        manual=found.manual,
    )


def _deep(machine: Machine) -> tuple[str, ...]:
    """Return the options with which what an import showed is asked again."""
    if not machine.frameworks:
        return ()
    return ("--deep", *(word for one in machine.frameworks for word in ("--python", f"{one.name}={one.python}")))


def _commands(remedy: Remedy, key: str) -> list[str]:
    """Return what the step of `remedy` runs: its own commands, or those printed ones that change something."""
    found = row(remedy.fix)
    own = (found.step or {})[key] or [
        command for command in found.commands[key] if "sudo " in command and not _only_looks(command)
    ]
    return [_filled(command, remedy) for command in own]


def _only_looks(command: str) -> bool:
    return command == REBOOT or command.startswith("sudo journalctl ")


def _filled(command: str, remedy: Remedy) -> str:
    """Return `command` with the values in their places, each one bare word of the shell; raises `WrongInputError`."""
    return check_shell(command.format_map({name: sh(value) for name, value in remedy.values.items()}))


def _lines(*commands: str) -> str:
    return "".join(f"{command}\n" for command in commands)
