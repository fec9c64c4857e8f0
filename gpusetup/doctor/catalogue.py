"""Finds the rules: every `Rule` in every module of ``gpusetup.doctor.rules``, and those of other distributions."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule
    from gpusetup.machine.model import Machine

GROUP = "gpusetup.rules"
MOST = 1 << 16


def all_rules() -> dict[str, Rule]:
    """Return every rule by its id, in the order of ids: ours, and those that other distributions bring.

    They name their modules as entry points of the group ``gpusetup.rules``; one that cannot be imported is an unknown
    finding. Raises `WrongInputError` when two rules have one id.
    """
    found: dict[str, Rule] = {}
    for rule in [rule for name in _modules() for rule in _rules_of(name)] + _rules_of_others():
        if found.setdefault(rule.id, rule) is not rule:
            raise WrongInputError(
                f"two rules are called {rule.id}", "uninstall the distribution that brings the second"
            )
    return dict(sorted(found.items()))


def explained_rules() -> dict[str, Rule]:
    """Return every rule that has a page: `all_rules`, and those over an image (``doctor --image``)."""
    from gpusetup.doctor.image import image_rules  # noqa: PLC0415 - the doctor itself needs none of them

    return dict(sorted((all_rules() | image_rules()).items()))


def _modules() -> list[str]:
    names = sorted(os.listdir(os.path.join(os.path.dirname(__file__), "rules")))
    return [f"gpusetup.doctor.rules.{name[:-3]}" for name in names if name.endswith(".py") and name != "__init__.py"]


def _rules_of(module: str) -> list[Rule]:
    from gpusetup.doctor.rule import Rule  # noqa: PLC0415

    values = vars(importlib.import_module(module)).values()
    return [value for value in values if isinstance(value, Rule)]


def _rules_of_others() -> list[Rule]:
    if not any(map(_brings_rules, sys.path)):
        return []
    from importlib.metadata import entry_points  # noqa: PLC0415 - it reads every distribution's metadata

    found: list[Rule] = []
    for entry in entry_points(group=GROUP):
        try:
            found += _rules_of(entry.value)
        except Exception as error:  # whatever another's module does must not end the doctor
            found.append(_broken(entry.name, error))
    return found


def _brings_rules(folder: str) -> bool:
    """Say whether a distribution in `folder` has rules: a look at the few bytes that would say so, 1 ms in all."""
    try:
        names = [name for name in os.listdir(folder or ".") if name.endswith(".dist-info")]
    except OSError:
        return False
    return any(GROUP.encode() in _bytes(os.path.join(folder, name, "entry_points.txt")) for name in names)


def _bytes(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(handle, MOST)
        finally:
            os.close(handle)
    except OSError:
        return b""


def _broken(name: str, error: Exception) -> Rule:
    from gpusetup.doctor.rule import Verdicts, rule, unknown  # noqa: PLC0415

    @rule(name, "Rules of another distribution cannot be loaded", worst="unknown", required=True, source="entry points")
    def unloadable(_machine: Machine) -> Verdicts:
        """Say that a distribution brings rules that cannot be imported: reinstall or remove it."""
        yield unknown(f"the rules that {name} brings cannot be loaded", f"{type(error).__name__}: {error}")

    return unloadable


def select(rules: dict[str, Rule], only: str, skip: str) -> list[Rule]:
    """Return the rules that ``--only`` and ``--skip`` leave: ids with commas, or the letters of a topic (DRV).

    Raises `WrongInputError` for a name that matches no rule, and when no rule is left: nothing would be looked at.
    """
    wanted = (_matching(rules, only) if only.strip() else set(rules)) - _matching(rules, skip)
    if not wanted:
        asked = " and ".join(f"--{name} {value}" for name, value in (("only", only), ("skip", skip)) if value.strip())
        raise WrongInputError(
            f"{asked} leave no check", "name one that is to be made; gpusetup doctor --list shows them all"
        )
    return [rules[name] for name in rules if name in wanted]


def _matching(rules: dict[str, Rule], names: str) -> set[str]:
    chosen: set[str] = set()
    for name in filter(None, (part.strip().upper() for part in names.split(","))):
        some = {rule for rule in rules if rule == name or (name.isalpha() and rule.rstrip("0123456789") == name)}
        if not some:
            raise WrongInputError(f"no rule is called {name}", "gpusetup doctor --list shows them all")
        chosen |= some
    return chosen
