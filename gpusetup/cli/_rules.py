"""``gpusetup doctor --list`` and ``--explain``: what is known about the rules, without running one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gpusetup.doctor.page import About, about, page
from gpusetup.doctor.registry import explained_rules, select
from gpusetup.value import to_json

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule


def list_all(form: str) -> None:
    """Print every rule with its worst severity."""
    rules = _every()
    if _is_json(form, "--list"):
        _print_json(tuple(about(one, rules) for one in rules))
    else:
        click.echo("\n".join(f"{one.id}  {one.worst:8} {one.title}  [{one.slug}]" for one in rules))


def explain_rules(names: str, form: str) -> None:
    """Explain the rules that `names` means; raises `WrongInputError` for a name of none."""
    every, rules = _every(), select(explained_rules(), names, "")
    if _is_json(form, "--explain"):
        _print_json(tuple(about(one, every) for one in rules))
    else:
        click.echo("\n".join(page(one, every) for one in rules), nl=False)


def _every() -> list[Rule]:
    return list(explained_rules().values())


def _is_json(form: str, option: str) -> bool:
    if form not in {"text", "json"}:
        raise click.UsageError(f"{option} prints text or JSON")
    return form == "json"


def _print_json(rules: tuple[About, ...]) -> None:
    click.echo(to_json(rules), nl=False)
