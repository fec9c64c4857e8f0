"""Finds the rules: every `Rule` in every module of ``gpusetup.doctor.rules``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule


def all_rules() -> dict[str, Rule]:
    """Return every rule by its id, in the order of ids. Two rules with one id are a fault of ours."""
    from gpusetup.doctor.rule import Rule  # noqa: PLC0415

    found: dict[str, Rule] = {}
    for name in _modules():
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Rule):
                assert found.setdefault(value.id, value) is value, f"two rules are called {value.id}"
    return dict(sorted(found.items()))


def _modules() -> list[str]:
    folder = Path(__file__).with_name("rules")
    return [f"gpusetup.doctor.rules.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]


def select(rules: dict[str, Rule], only: str, skip: str) -> list[Rule]:
    """Return the rules that ``--only`` and ``--skip`` leave: ids with commas, or the letters of a topic (DRV).

    Raises `WrongInputError` for a name that matches no rule.
    """
    wanted = _matching(rules, only) if only else set(rules)
    return [rules[name] for name in rules if name in wanted - _matching(rules, skip)]


def _matching(rules: dict[str, Rule], names: str) -> set[str]:
    chosen: set[str] = set()
    for name in filter(None, (part.strip().upper() for part in names.split(","))):
        some = {rule for rule in rules if rule == name or (name.isalpha() and rule.rstrip("0123456789") == name)}
        if not some:
            raise WrongInputError(f"no rule is called {name}", "gpusetup doctor --list shows them all")
        chosen |= some
    return chosen
