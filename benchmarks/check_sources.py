"""What decides a result of a check: its own files, the checks it names, and of `checks/common` what they import."""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = ROOT / "checks"
ENDINGS = {".py", ".toml", ".tsv", ".txt"}
ALWAYS = ("worker", "job", "pytorch", "tensorflow", "jax", "reference")
"""Of `checks/common`: what runs every check, by a name that is made up while it runs."""
MADE_UP = 'import_module(f"checks.{'
EVERY = 'glob("*/check.toml")'
"""Where a check looks for all others."""


@functools.cache
def sources(check: str) -> bytes:
    """Return the bytes of all files that decide what a check records, in a fixed order."""
    checks = _reached(check)
    own = [path for name in sorted(checks) for path in _files(name)]
    return b"".join(path.read_bytes() for path in [*own, *_common(own)])


def _files(check: str) -> list[Path]:
    return sorted(path for path in (CHECKS / check).rglob("*") if path.suffix in ENDINGS)


def _reached(check: str) -> set[str]:
    """Return the check and those that it, or one that it names, imports from."""
    found, left = set[str](), [check]
    while left:
        one = left.pop()
        found.add(one)
        left += _others(one) - found
    return found


@functools.cache
def _others(check: str) -> frozenset[str]:
    every = {path.name for path in CHECKS.iterdir() if path.is_dir()} - {"common"}
    texts = [path.read_text("utf-8") for path in _files(check) if path.suffix == ".py"]
    if any(EVERY in text for text in texts):
        return frozenset(every)
    named = {name.split(".")[0] for text in texts for name in _names(text)}
    if any(MADE_UP in text for text in texts):
        named |= {word for text in texts for word in re.findall(r"[\"'](\w+)[\"']", text)}
    return frozenset(named & every)


def _names(text: str) -> Iterator[str]:
    """Yield what a file imports or names below `checks`, as dotted paths."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            found = [one.name for one in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [node.value]
        else:
            continue
        yield from (one.removeprefix("checks.") for one in found if re.match(r"checks\.\w", one))


def _common(files: Iterable[Path]) -> list[Path]:
    """Return the files of `checks/common` that these import, and those in turn."""
    left = [path for name in ALWAYS for path in _module(f"common.{name}")]
    left += itertools.chain.from_iterable(map(_imported, files))
    found = set[Path]()
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += _imported(one)
    return sorted(found)


@functools.cache
def _imported(file: Path) -> tuple[Path, ...]:
    if file.suffix != ".py":
        return ()
    names = [name for name in _names(file.read_text("utf-8")) if name.split(".")[0] == "common"]
    return tuple(path for name in names for path in _module(name))


def _module(name: str) -> list[Path]:
    """Return the file of a dotted path below `checks`, and the packages around it."""
    parts = name.split(".")
    stems = [CHECKS.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    paths = [path for stem in stems for path in (stem.with_suffix(".py"), stem / "__init__.py")]
    return [path for path in paths if path.is_file()]
