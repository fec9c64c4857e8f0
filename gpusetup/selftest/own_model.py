"""The user's own model, ``--model FILE:FUNCTION``: what its source says of it, before anything of it is run."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.selftest.registry import Check
from gpusetup.trust.paths import require_modules
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHECK = "training_recipe"
"""The check that takes a user's model."""
_FUNCTION = "build"
_IMPORTED = {"torch": "pytorch", "tensorflow": "tensorflow", "keras": "tensorflow", "jax": "jax", "flax": "jax"}
_REMEDY = "docs/selftest.md shows what the function returns"


class OwnModel(Value):
    """A Python file of the user's, the function in it that makes a model, and what it is written in."""

    file: str
    function: str
    frameworks: tuple[str, ...]
    """Those that the file imports itself."""

    @property
    def name(self) -> str:
        """Return ``/path/file.py:function``, as a job holds it."""
        return f"{self.file}:{self.function}"


def read_model(text: str) -> OwnModel:
    """Return what the source of ``FILE:FUNCTION`` says; without ``:FUNCTION`` the function is called ``build``.

    Raises `WrongInputError` for a file that cannot be read, is not Python or has no such function, and `RefusedError`
    where others could change what would be run: the file, or a module beside it.
    """
    whole, function = split_name(text, "--model", _FUNCTION)
    file = Path(whole).resolve()
    tree = parse_source(whole, "the model's file")
    _require_function(tree, whole, function)
    require_modules(str(file))
    return OwnModel(file=str(file), function=function, frameworks=imported_frameworks(tree))


def split_name(text: str, option: str, usual: str) -> tuple[str, str]:
    """Return file and function of ``FILE:FUNCTION``; without ``:FUNCTION`` the function is the `usual` one."""
    whole, colon, function = text.rpartition(":")
    if not colon or "/" in function or function.endswith(".py"):
        return text, usual
    if not function.isidentifier():
        raise WrongInputError(f"{option} {text}: {function!r} is not the name of a function", f"{option} FILE:FUNCTION")
    return whole, function


def parse_source(file: str, what: str) -> ast.Module:
    """Return the tree of a Python file, called `what` in messages; raises `WrongInputError` for what is none."""
    source = read(Path(file), what)
    try:
        return ast.parse(source, str(Path(file).resolve()))
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise WrongInputError(f"{file}{where} is not Python: {getattr(error, 'msg', error)}") from error


def imported_frameworks(tree: ast.Module) -> tuple[str, ...]:
    """Return the frameworks that a file imports itself, in their order."""
    return tuple(dict.fromkeys(_IMPORTED[name] for name in _imports(tree) if name in _IMPORTED))


def choose_frameworks(model: OwnModel, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the frameworks to run the model in: those named, else the one that its file imports."""
    return wanted or only_framework(str(model.file), model.frameworks, "model")


def only_framework(file: str, imported: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Return the one framework that a file imports; raises `WrongInputError` where it imports none or several."""
    if len(imported) == 1:
        return imported
    found = f"imports {' and '.join(imported)}" if imported else "imports no framework itself"
    raise WrongInputError(f"{file} {found}, so which one its {what} is for is not known", "add --framework NAME")


def identify(check: Check, model: str) -> str:
    """Return what a saved proof knows the check by; with a user's `model` also the digest of its file."""
    whole = f"version {check.version}, {check.digest}"
    if not model:
        return whole
    return f"{whole}, model {hashlib.sha256(Path(model.rpartition(':')[0]).read_bytes()).hexdigest()[:16]}"


def require_alone(names: Sequence[str], data: Path | None) -> None:
    """Raise `WrongInputError` where ``--model`` is given together with what it excludes."""
    if others := [name for name in names if name != CHECK]:
        raise WrongInputError(f"--model runs {CHECK} alone, and not {others[0]}", "remove --check")
    if data is not None:
        raise WrongInputError("--model brings its own batch, so that --data is not used", "remove --data")


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the first part of the name of every module that is imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def _require_function(tree: ast.Module, file: str, function: str) -> None:
    """Raise `WrongInputError` unless the file defines, assigns or imports the name; with ``import *`` it may."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.asname or node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}
    if function in names or "*" in names:
        return
    there = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    listed = f"it has {', '.join(there[:8])}" if there else "it has no function at all"
    raise WrongInputError(f"{file} has no function {function}: {listed}", _REMEDY)
