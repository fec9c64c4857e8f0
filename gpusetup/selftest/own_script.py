"""The user's own check in one file, ``--script FILE:FUNCTION``: what its source says, and the check that is made of it.

Alone, the function is run in fresh processes and what it returns has to be the same. With a function ``reference`` in
the same file the numbers are compared with it, and with functions called ``pytorch``, ``tensorflow`` and ``jax`` those
with each other. The file becomes a folder as ``checks/README.md`` describes it: from there on it is a check like any.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.resolve.toml import to_toml
from gpusetup.selftest.frameworks import FRAMEWORKS
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.own_model import imported_frameworks, only_framework, parse_source, split_name
from gpusetup.trust.paths import require_modules
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "own_"
"""What the name of the check that is made of a file begins with."""
_FUNCTION = "check"
_LIMITS = "LIMITS"
_ULPS = 64.0
"""Limit of whatever LIMITS does not name: sixty-four spacings of float32, an eighth of a thousandth of a per cent."""
_REMEDY = "docs/selftest.md, `Your own check`, shows what the file has"


class OwnScript(Value):
    """A user's file, which function of it is run in which framework ("": in the one that is chosen), and its limits."""

    file: str
    functions: dict[str, str]
    limits: dict[str, float]
    imported: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return what the check is called: the name of the file, as Python can import it."""
        stem = "".join(char if char.isascii() and char.isalnum() else "_" for char in Path(self.file).stem)
        return f"{PREFIX}{stem}"

    @property
    def shown(self) -> str:
        """Return ``/path/file.py:function``, as a job holds it."""
        return f"{self.file}:{next(name for name in self.functions.values() if name != REFERENCE)}"

    @property
    def referenced(self) -> bool:
        """Return whether the file says what is right."""
        return REFERENCE in self.functions


def read_script(text: str) -> OwnScript:
    """Return what the source of ``FILE:FUNCTION`` says; without ``:FUNCTION`` the function is called ``check``.

    Raises `WrongInputError` for a file that cannot be read, is not Python or has nothing to run, and `RefusedError`
    where others could change what would be run.
    """
    whole, function = split_name(text, "--script", "")
    tree = parse_source(whole, "the script")
    require_modules(str(Path(whole).resolve()))
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return OwnScript(
        file=str(Path(whole).resolve()),
        functions=_functions(whole, function, defined),
        limits=_limits(tree, whole),
        imported=imported_frameworks(tree),
    )


def _functions(file: str, function: str, defined: list[str]) -> dict[str, str]:
    """Return framework → function; "" stands for the framework that is chosen."""
    truth = {REFERENCE: REFERENCE} if REFERENCE in defined and function != REFERENCE else {}
    if function:
        if function not in defined:
            raise WrongInputError(f"{file} has no function {function}: {_listed(defined)}", _REMEDY)
        return {"": function} | truth
    named = {framework: framework for framework in FRAMEWORKS if framework in defined}
    if named:
        return named | truth
    if _FUNCTION in defined:
        return {"": _FUNCTION} | truth
    remedy = f"name it, --script {file}:{defined[0]}" if defined else "`gpusetup repro -- python FILE` runs a program"
    raise WrongInputError(f"{file} has no function {_FUNCTION}, {', '.join(FRAMEWORKS)}: {_listed(defined)}", remedy)


def _listed(defined: list[str]) -> str:
    return f"it has {', '.join(defined[:8])}" if defined else "it has no function at all"


def _limits(tree: ast.Module, file: str) -> dict[str, float]:
    """Return the literal ``LIMITS = {"loss": 8}``: a glob of names → ulps of float32; "*" comes last."""
    found: object = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == [_LIMITS]:
            try:
                found = msgspec.convert(ast.literal_eval(node.value), dict[str, float])
            except (ValueError, TypeError, msgspec.ValidationError) as error:
                where = f"{file} line {node.lineno}"
                raise WrongInputError(f"{where}: {_LIMITS} is not a dictionary of names and ulps", _REMEDY) from error
    limits = msgspec.convert(found, dict[str, float])
    if any(not ulps >= 0 for ulps in limits.values()):
        raise WrongInputError(f"{file}: a limit in {_LIMITS} is negative", _REMEDY)
    return limits if "*" in limits else limits | {"*": _ULPS}


def require_single(model: str | None, names: Sequence[str], data: Path | None, own: Path | None) -> None:
    """Raise `WrongInputError` where ``--script`` is given together with what it excludes."""
    others = {"--model": model, "--check": names, "--data": data, "--checks": own}
    if given := next((option for option, value in others.items() if value), ""):
        raise WrongInputError(f"--script runs its own check alone, and not with {given}", f"remove {given}")


def settle(script: OwnScript, wanted: tuple[str, ...]) -> dict[str, str]:
    """Return framework → function for the frameworks that are `wanted`, by default those that the file is for."""
    named = {framework: function for framework, function in script.functions.items() if framework in FRAMEWORKS}
    if named:
        missing = next((framework for framework in wanted if framework not in named), "")
        if missing:
            raise WrongInputError(f"{script.file} has no function {missing}", f"it has {', '.join(named)}")
        return {name: function for name, function in named.items() if not wanted or name in wanted}
    chosen = wanted or only_framework(script.file, script.imported, "function")
    return dict.fromkeys(chosen, script.functions[""])


def write_check(script: OwnScript, functions: dict[str, str], folder: Path) -> None:
    """Write the folder of the check below `folder`, which nobody else can write to."""
    place = folder / script.name
    place.mkdir()
    runs = functions | ({REFERENCE: REFERENCE} if script.referenced else {})
    made = f"from checks.common.script import prover\n\nprove = prover({script.file!r}, {runs!r}, {script.limits!r})\n"
    (place / "__init__.py").write_text(made, "utf-8")
    for framework in (REFERENCE, *functions):
        (place / f"{framework}.py").write_text("", "utf-8")
    source = hashlib.sha256(Path(script.file).read_bytes()).hexdigest()
    (place / "source.txt").write_text(source, "utf-8")  # another file is another check
    (place / "check.toml").write_text(to_toml(_description(script)), "utf-8")


def _description(script: OwnScript) -> dict[str, object]:
    proves = "agrees with the reference in its file" if script.referenced else "gives the same in every process"
    why = f"{_LIMITS} of the file, or its default"
    return {
        "title": Path(script.file).name,
        "version": 1,
        "proves": [proves],
        "tolerance": {name: {"ulps": float(ulps), "why": why} for name, ulps in script.limits.items()},
    }
