"""A worker runs under the user's own interpreter: checks may import the standard library, NumPy and their framework."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from tests.each import each

CHECKS = Path(__file__).resolve().parents[2] / "checks"
OWN = {
    "pytorch": {"torch"},
    "tensorflow": {"tensorflow", "keras"},
    "jax": {"jax", "jaxlib", "optax"},
    "scikit_learn": {"sklearn"},  # an extra: the check `boundary` goes on without it
}
ALWAYS = {"numpy", "checks", *sys.stdlib_module_names}


@each("path", sorted(CHECKS.rglob("*.py")), ids=lambda path: str(path.relative_to(CHECKS)))
def test_a_check_imports_nothing_else(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    assert imported - ALWAYS - OWN.get(path.stem, set()) == set()
