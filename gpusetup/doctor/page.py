"""A rule's page: the same text for ``--explain`` and for ``docs/rules/``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.doctor.rule import Rule


def page(rule: Rule, every: Iterable[Rule]) -> str:
    """Return what is known about `rule` as Markdown; `every` rule is looked through for its consequences."""
    consequences = [one.id for one in every if rule.id in one.after]
    lines = [f"# {rule.id}: {rule.title}", "", _unindented(rule.docs), ""]
    lines.append(f"- Worst severity: {rule.worst}" + (", and must be known" if rule.required else ""))
    if rule.after:
        lines.append(f"- Can be explained by: {', '.join(rule.after)}")
    if consequences:
        lines.append(f"- Can explain: {', '.join(consequences)}")
    return "\n".join([*lines, f"- Rests on: {rule.source}", ""])


def _unindented(docs: str) -> str:
    first, _, rest = docs.strip().partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}".strip().replace("``", "`")
