"""Writes ``docs/rules/``: a page for every rule and an index, all from the code. The site is built from them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.doctor.catalogue import explained_rules
from gpusetup.doctor.page import page

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"


def pages() -> dict[str, str]:
    """Return the text of every file in ``docs/rules/`` by its name."""
    rules = explained_rules()
    written = {f"{rule.id}.md": page(rule, rules.values()) for rule in rules.values()}
    return {"README.md": index(rules), **written}


def index(rules: dict[str, Rule]) -> str:
    """Return the list of all rules."""
    head = (
        "# The doctor's rules\n\n"
        f"All {len(rules)} rules, written by `tools/rule_pages.py` from the code. What another rule's finding\n"
        "explains is folded under it. `gpusetup doctor --explain RULE` prints the same pages.\n\n"
        "| rule | slug | worst | what it looks for |\n|---|---|---|---|\n"
    )
    return head + "".join(
        f"| [{one.id}]({one.id}.md) | {one.slug} | {one.worst} | {one.title} |\n" for one in rules.values()
    )


def main() -> int:
    """Write the pages, and remove those of rules that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    current = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in current:
            old.unlink()
    for name, text in current.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(current)} pages in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
