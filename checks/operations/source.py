"""The source of a reference and of all that it uses, without types, as plain NumPy."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from checks.operations import functions, numpy_names

_PLAIN = (bool, int, float, str, tuple)


def write_meaning(reference: Callable[..., Any]) -> Iterator[str]:
    """Yield the parts of a script that define ``reference``: names of NumPy's, constants, functions."""
    assert isinstance(reference, FunctionType)
    own = _of_a_family(reference)
    found = {"reference": _source(reference, "reference") if own else f"reference = {reference.__name__}"}
    constants: dict[str, str] = {}
    numpys: set[str] = set()
    queue = [(found["reference"], _scope(reference))]
    while queue:
        text, scope = queue.pop()
        for name in sorted(_names(text) - {*found, *constants, *numpys}):
            thing = scope.get(name)
            if not _of_a_family(thing):  # a family may have a function of its own by a name of the library
                thing = vars(numpy_names).get(name, thing)
            if isinstance(thing, FunctionType) and (_of_a_family(thing) or thing.__module__ == numpy_names.__name__):
                found[name] = _source(thing, name)
                queue.append((found[name], _scope(thing)))
            elif isinstance(thing, _PLAIN):
                constants[name] = f"{name} = {thing!r}"
            elif hasattr(functions, name) and hasattr(np, name):
                numpys.add(name)
    if numpys:
        yield f"from numpy import {', '.join(sorted(numpys))}"
    yield from constants.values()
    yield from reversed(found.values())


def _of_a_family(thing: object) -> bool:
    return isinstance(thing, FunctionType) and thing.__module__.startswith("checks.operations.families")


def _scope(function: FunctionType) -> dict[str, Any]:
    """Return what the names of a function mean: those of its module, and those that it closes over."""
    return vars(_module(function)) | dict(inspect.getclosurevars(function).nonlocals)


def _module(function: FunctionType) -> ModuleType:
    return sys.modules[function.__module__]


def _source(function: FunctionType, name: str) -> str:
    """Return ``def name(…)`` or ``name = lambda …``."""
    if function.__name__ == "<lambda>":
        return f"{name} = {ast.unparse(_Untyped().visit(_lambda(function)))}"
    node = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    node.name = name
    if ast.get_docstring(node) and len(node.body) > 1:
        node.body = node.body[1:]
    return ast.unparse(_Untyped().visit(node))


def _lambda(function: FunctionType) -> ast.Lambda:
    """Return the lambda in its module's text: the one that begins there and compiles to the same."""
    wanted = function.__code__
    tree = ast.parse(inspect.getsource(_module(function)))
    there = [one for one in ast.walk(tree) if isinstance(one, ast.Lambda) and one.lineno == wanted.co_firstlineno]
    return next(one for one in there if len(there) == 1 or _same(_compiled(one), wanted))


def _compiled(node: ast.Lambda) -> CodeType:
    made = compile(ast.fix_missing_locations(ast.Expression(node)), "lambda", "eval")
    return next(one for one in made.co_consts if isinstance(one, CodeType))


def _same(one: CodeType, other: CodeType) -> bool:
    numbers = [tuple(each for each in code.co_consts if not isinstance(each, CodeType)) for code in (one, other)]
    return (one.co_varnames, one.co_names, numbers[0]) == (other.co_varnames, other.co_names, numbers[1])


class _Untyped(ast.NodeTransformer):
    """Takes annotations out, which a script has no imports for."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return ast.Pass()
        return ast.copy_location(ast.Assign([node.target], node.value), node)


@cache
def _names(text: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name))
