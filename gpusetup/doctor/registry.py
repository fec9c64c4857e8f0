"""Finds the rules: every `Rule` in every module of ``gpusetup.doctor.rules``, and those of other distributions."""

from __future__ import annotations

import errno
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
ALL = "gpusetup doctor --list shows them all"
LETTERS = 3
"""Of the prefix of an id."""


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
    """Return every rule that has a page: `all_rules`, and those over an image and over expectations."""
    from gpusetup.doctor.expect import expectation_rules  # the doctor itself needs none of them
    from gpusetup.doctor.image import image_rules

    return dict(sorted((all_rules() | image_rules() | expectation_rules()).items()))


def _modules() -> list[str]:
    """Return the modules of ``rules/``: one for each prefix of ids, or a folder of them where there are many."""
    top = os.path.join(os.path.dirname(__file__), "rules")
    found = [name[:-3] for name in os.listdir(top) if name.endswith(".py")]
    for folder in (name for name in os.listdir(top) if len(name) == LETTERS):
        names = os.listdir(os.path.join(top, folder))
        found += [f"{folder}.{name[:-3]}" for name in names if name.endswith(".py")]
    return [f"gpusetup.doctor.rules.{name}" for name in sorted(found) if not name.endswith("__init__")]


def _rules_of(module: str) -> list[Rule]:
    from gpusetup.doctor.rule import Rule

    values = vars(importlib.import_module(module)).values()
    return [value for value in values if isinstance(value, Rule)]


def _rules_of_others() -> list[Rule]:
    bringing = [found for folder in sys.path for found in _brings_rules(folder)]
    if not bringing:
        return []
    from gpusetup.doctor.plugins import read_plugins  # hardly any system has one

    found: list[Rule] = []
    for plugin in read_plugins(GROUP, bringing):
        try:
            if reason := plugin.distrusted():
                found.append(_broken(plugin.name, f"the rules of {plugin.name} were not loaded: {reason}"))
            else:
                found += _rules_of(plugin.module)
        except Exception as error:  # whatever another's module does must not end the doctor
            said = f"{type(error).__name__}: {error}"
            found.append(_broken(plugin.name, f"the rules that {plugin.name} brings cannot be loaded", said))
    return found


def _brings_rules(folder: str) -> list[tuple[str, bytes]]:
    """Return (folder, entry points) of distributions in `folder` that have rules: a look at few bytes, 1 ms in all."""
    try:
        names = [name for name in os.listdir(folder or ".") if name.endswith(".dist-info")]
    except OSError:
        return []
    places = (os.path.join(folder, name) for name in names)
    read = ((place, _bytes(os.path.join(place, "entry_points.txt"))) for place in places)
    return [(place, text) for place, text in read if GROUP.encode() in text]


def _bytes(path: str) -> bytes:
    """Return the first `MOST` bytes of a regular file, nothing of anything else: a pipe or a device may never answer.

    A link is followed only once it is known to lead to a regular file, since opening a device can do something.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        handle = _open(path, flags)
        try:
            return os.read(handle, MOST) if os.path.isfile(handle) else b""
        finally:
            os.close(handle)
    except OSError:  # most distributions have no such file
        return b""


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno != errno.ELOOP or not os.path.isfile(path):
            raise
        return os.open(path, flags)


def _broken(name: str, summary: str, *evidence: str) -> Rule:
    from gpusetup.doctor.rule import RuleResults, rule, unknown

    title = "Rules of another distribution cannot be loaded"

    @rule(name, "plugin-broken", title, worst="unknown", required=True, source="entry points")
    def unloadable(_machine: Machine) -> RuleResults:
        """Say that a distribution's rules cannot be imported, or can be written by others: reinstall or remove it."""
        yield unknown(summary, *evidence)

    return unloadable


def select(rules: dict[str, Rule], only: str, skip: str) -> list[Rule]:
    """Return the rules that ``--only`` and ``--skip`` leave: ids or slugs with commas, or the letters of a topic (DRV).

    Raises `WrongInputError` for a name that matches no rule, and when no rule is left: nothing would be checked.
    """
    wanted = (_matching(rules, only) if only.strip() else set(rules)) - _matching(rules, skip)
    if not wanted:
        asked = " and ".join(f"--{name} {value}" for name, value in (("only", only), ("skip", skip)) if value.strip())
        raise WrongInputError(
            f"{asked} leave no rule", "name one that is to be run; gpusetup doctor --list shows them all"
        )
    return [rules[name] for name in rules if name in wanted]


def rule_called(rules: dict[str, Rule], name: str, where: str = "") -> Rule:
    """Return the rule whose id or slug is `name`, in any case; raises `WrongInputError` with a suggestion for none."""
    for rule in rules.values():
        if name.strip().upper() == rule.id or name.strip().lower() == rule.slug:
            return rule
    raise WrongInputError(f"{where}no rule is called {name}{_similar(rules, name)}", ALL)


def _matching(rules: dict[str, Rule], names: str) -> set[str]:
    chosen: set[str] = set()
    for name in filter(None, (part.strip() for part in names.split(","))):
        some = {rule.id for rule in rules.values() if _is_called(rule, name)}
        if not some:
            raise WrongInputError(f"no rule is called {name}{_similar(rules, name)}", ALL)
        chosen |= some
    return chosen


def _is_called(rule: Rule, name: str) -> bool:
    """Say whether `name` is the rule's id, its slug or the prefix of its topic, in any case."""
    return name.upper() in {rule.id, rule.id.rstrip("0123456789")} or name.lower() == rule.slug


def _similar(rules: dict[str, Rule], name: str) -> str:
    from gpusetup.text import nearest  # only where somebody mistyped

    near = nearest(name, [*rules, *(rule.slug for rule in rules.values())])
    return f"; did you mean {near}?" if near else ""
