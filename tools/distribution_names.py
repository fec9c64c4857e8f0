"""Finds the name of a distribution, of an owner of drivers or of a package manager in the engine's code.

    python -m tools.distribution_names          exits 1 where there is one

The engine gets them from the tables and the recipes (docs/architecture.md, section 2). Looked at are names and texts;
docstrings and comments may give examples. `machine`, `doctor`, `redact` and `images` read what every system writes, and
know it by its name.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gpusetup.facts import facts

ROOMS = (
    "facts", "resolve", "render", "apply", "packages", "licences", "report", "evidence", "cli", "api.py", "value.py",
)  # fmt: skip
MADE = ("compiled_templates.py",)
"""Written by the build from the recipes."""
OTHERS = (
    "alma", "almalinux", "amzn", "apt", "centos", "debian", "dnf", "dnf5", "dpkg", "mint", "opensuse", "pacman", "rhel",
    "rocky", "rpm-ostree", "silverblue", "sles", "suse", "ubuntu", "yum", "zypper", "akmod", "akmods",
)  # fmt: skip
"""Beside those that have rows."""


class Found(NamedTuple):
    """One name, and where it stands."""

    path: Path
    line: int
    word: str


def names() -> frozenset[str]:
    """Return the words that the engine must not know; NVIDIA and its installer are no distribution's."""
    own = (word for row in facts().distribution for word in (row.name, row.title))
    owners = (
        word for row in facts().driver_owner if "nvidia" not in row.title.lower() for word in (row.name, row.title)
    )
    return frozenset(word.lower() for word in (*own, *owners, *OTHERS))


def found(path: Path, words: frozenset[str]) -> Iterator[Found]:
    """Yield each of `words` in the code of one module."""
    pattern = re.compile("|".join(rf"(?<![a-z]){re.escape(word)}(?![a-z])" for word in sorted(words, key=len)))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(text) for node in ast.walk(tree) for text in _docstrings(node)}
    for node in ast.walk(tree):
        for text in () if id(node) in docs else _texts(node):
            if match := pattern.search(text.lower()):
                yield Found(path, getattr(node, "lineno", 0), match[0])


def _docstrings(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the texts that stand alone: docstrings, also those of fields."""
    for one in getattr(node, "body", ()) if isinstance(getattr(node, "body", ()), list) else ():
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
            yield one.value


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for field in ("id", "attr", "name", "arg"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def modules(engine: Path) -> Iterator[Path]:
    """Yield the modules of the rooms that must know no distribution."""
    for room in ROOMS:
        place = engine / room
        yield from (
            path for path in ([place] if place.is_file() else sorted(place.rglob("*.py"))) if path.name not in MADE
        )


def main(engine: Path = Path("gpusetup")) -> int:
    """Print what was found; return the exit code."""
    words = names()
    wrong = [one for path in modules(engine) for one in found(path, words)]
    for one in wrong:
        print(f"{one.path}:{one.line}: {one.word!r} stands in the engine: take it from the tables or the recipes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
