"""From findings to a recipe: every remedy that can be carried out and taken back becomes a step with three doors.

Its *check* is the rule itself, asked again; its *apply* are the commands that the report prints; its *undo* stands in
``fixes.json``. Remedies without an undo are left to a person, and so are those of mere notes (``info``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gpusetup.content import content_root
from gpusetup.doctor.finding import Finding, Remedy
from gpusetup.doctor.fixes import family, filled, for_distro, table
from gpusetup.doctor.rule import either
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest, read_library
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

FUNCTIONS = "doctor.sh"
REBOOT = "sudo systemctl reboot"
LOOKING = ("sudo journalctl ",)


class Repair(Value):
    """What can be carried out, and the findings whose remedies only a person can judge or do."""

    recipe: Recipe
    by_hand: tuple[Finding, ...]


def repair(findings: Iterable[Finding], machine: Machine, python: str) -> Repair:
    """Return what mends `findings` of `machine`; `python` runs the gpusetup that looks again."""
    distro = either(machine.system.distro) or "unknown"
    groups: dict[tuple[str, str], list[Finding]] = {}
    by_hand: list[Finding] = []
    for one in findings:
        if one.remedy and one.state in {"error", "warning"} and _undo(one.remedy, distro) is not None:
            groups.setdefault((one.rule, one.remedy.fix), []).append(one)
        elif one.state in {"error", "warning", "unknown", "info"}:
            by_hand.append(one)
    steps = tuple(_step(rule, found, distro, python) for (rule, _), found in groups.items())
    library = read_library(family(distro) or distro) + "\n" + (content_root() / "recipes" / FUNCTIONS).read_text()
    release = either(machine.system.release) or ""
    recipe = Recipe(distro=distro, release=release, library=library, steps=steps, digest=digest(library, steps))
    return Repair(recipe=recipe, by_hand=tuple(by_hand))


def _step(rule: str, findings: list[Finding], distro: str, python: str) -> Step:
    """Return the step for all that `rule` found; each of its subjects has the same remedy with values of its own."""
    remedies = [one.remedy for one in findings if one.remedy]
    name = f"doctor-{rule}-{remedies[0].fix}".lower()
    keeps = [shlex.quote(path) for path in table()[remedies[0].fix].get("keeps", ())]
    commands = list(dict.fromkeys(command for one in remedies for command in one.commands))
    undo = list(dict.fromkeys(command for one in remedies for command in _undo(one, distro) or ()))
    return Step(
        id=name,
        title=remedies[0].text,
        why="; ".join(f"{one.rule}, {one.subject}: {one.summary}" for one in findings),
        define=_lines(f"step={shlex.quote(name)} rule={shlex.quote(rule)} python={shlex.quote(python)}"),
        check=_lines("found_nothing"),
        apply=_lines(*(f'put_aside "$step" {path}' for path in keeps), *filter(_changes, commands)),
        undo=_lines(*(['restore_files "$step"'] if keeps else []), *undo, ":"),
        reboot_after=REBOOT in commands,
    )


def _undo(remedy: Remedy, distro: str) -> tuple[str, ...] | None:
    """Return the commands that take `remedy` back on `distro`, None when nobody knows any."""
    commands = for_distro(table().get(remedy.fix, {}).get("undo", {}), distro)
    return None if commands is None else filled(commands, remedy.values)


def _changes(command: str) -> bool:
    """Say whether `command` changes something, for which it needs root; the others are for a person to look."""
    return "sudo " in command and command != REBOOT and not command.startswith(LOOKING)


def _lines(*commands: str) -> str:
    return "".join(f"{command}\n" for command in commands)
