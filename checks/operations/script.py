"""Write a case as a stand-alone script that needs only the framework and NumPy, ready for an upstream report."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from checks.operations import numpy_names
from checks.operations.case import Case, Input, shape_of
from checks.operations.program import write_function

IMPORTS = {
    "pytorch": "import torch\nimport torch.nn.functional as F\nfrom torch import nn",
    "tensorflow": "import tensorflow as tf\nimport keras",
    "jax": "import jax\nimport jax.numpy as jnp\nimport optax\nfrom jax import lax, nn",
}
TYPES = {"float32": "float32", "tf32": "float32", "float64": "float64"}
_DRAW = """
def draw(stream, shape, bits=16):
    key = np.frombuffer(hashlib.sha256(f"{SEED}/{stream}".encode()).digest()[:16], "<u8").astype(np.uint64)
    raw = np.random.Philox(key=key).random_raw(math.prod(shape))
    return (raw >> np.uint64(64 - bits)).astype(np.int64).reshape(shape)
"""
_SPREAD = """
def spread(stream, shape):
    count, raw = max(1, math.prod(shape)), draw(stream, shape)
    slot = 65536 // count
    places = np.argsort(draw(stream + " order", (count,), 62), kind="stable").reshape(shape)
    return places * slot + raw % slot
"""
_RUN = {
    "pytorch": "y = operation({tensors})\n",
    "tensorflow": "y = {function}({tensors})\n",
    "jax": "y = {function}({tensors})\n",
}
_TENSOR = {
    "pytorch": "nn.Parameter(torch.tensor({name}, dtype=torch.{dtype}))",
    "tensorflow": "tf.constant({name}, tf.{dtype})",
    "jax": "jnp.asarray({name}, jnp.{dtype})",
}
_WHOLE = {"pytorch": "torch.tensor({name})", "tensorflow": "tf.constant({name})", "jax": "jnp.asarray({name})"}


def write_script(
    family: str, case: Case, seed: int, framework: str, precision: str, mode: str, sizes: dict[str, Any] | None = None
) -> str:
    """Return the text of the script: it prints the largest difference of the results from float64.

    `sizes` are those that the seed gives, unless others are stated.
    """
    sizes = case.draw_sizes(family, seed) if sizes is None else sizes
    inputs = case.inputs
    lines = [
        f"# {family}.{case.name}, {mode}, {precision}, seed {seed}",
        "import hashlib, math",
        "import numpy as np",
        IMPORTS[framework],
        "jax.config.update('jax_enable_x64', True)" if framework == "jax" and precision == "float64" else "",
        f"SEED = {seed}",
        _DRAW.strip(),
        _SPREAD.strip() if any(one.kind == "distinct" for one in inputs.values()) else "",
        "\n".join(f"{name} = {value!r}" for name, value in sizes.items()),
        "\n".join(_input(name, one, f"{family}.{case.name} input {name}", sizes) for name, one in inputs.items()),
        write_function(case.code[framework], tuple(inputs)).strip(),
        *_meaning(case.reference),
        _run(framework, case, mode, TYPES[precision]),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _input(name: str, one: Input, stream: str, sizes: dict[str, Any]) -> str:
    shape = shape_of(one.shape, sizes)
    if one.kind == "whole":
        return f"{name} = draw({stream!r}, {shape}) % ({one.below})"
    if one.kind == "truth":
        return f"{name} = draw({stream!r}, {shape}) % 2 == 1"
    how = "spread" if one.kind == "distinct" else "draw"
    return f"{name} = {one.low} + {one.high - one.low} * ({how}({stream!r}, {shape}) / 65536)"


def _run(framework: str, case: Case, mode: str, dtype: str) -> str:
    tensors = ", ".join(
        (_TENSOR if one.kind in {"real", "distinct"} else _WHOLE)[framework].format(name=name, dtype=dtype)
        for name, one in case.inputs.items()
    )
    function = {
        "compiled": "torch.compile(operation, dynamic=False)",
        "graph": "tf.function(operation)",
        "xla": "tf.function(operation, jit_compile=True)",
        "jit": "jax.jit(operation)",
    }.get(mode, "operation")
    asked = inspect.signature(case.reference).parameters
    sizes = "".join(f", {name}={name}" for name in case.sizes if name in asked)
    plain = ".detach()" if framework == "pytorch" else ""
    return (
        f"y = {function}({tensors})\n"
        f"right = reference({', '.join(case.inputs)}{sizes})\n"
        "for got, expected in zip(*(one if isinstance(one, (tuple, list)) else (one,) for one in (y, right))):\n"
        f"    print('largest difference', np.abs(np.asarray(got{plain}, 'f8') - expected).max(initial=0))"
    )


def _meaning(reference: Callable[..., Any]) -> Iterator[str]:
    """Yield the source of the reference, without types, and of all that it uses."""
    module = sys.modules[reference.__module__]
    text, wanted = _source(reference), {reference.__name__}
    found, queue = {reference.__name__: text}, [text]
    plain: dict[str, str] = {}
    while queue:
        for name in _names(queue.pop()) - wanted:
            wanted.add(name)
            made = _made(name, module)
            if made:
                found[name] = made
                queue.append(made)
            elif hasattr(np, name) and hasattr(sys.modules["checks.operations.functions"], name):
                plain[name] = name
    if plain:
        yield f"from numpy import {', '.join(sorted(plain))}"
    yield from (text for name, text in found.items() if name != reference.__name__)
    named = "reference = " + reference.__name__ if reference.__name__ != "<lambda>" else ""
    yield from (one for one in (found[reference.__name__], named) if one)


def _made(name: str, module: ModuleType) -> str:
    """Return the definition of a name that a reference uses, if it is not NumPy's."""
    for place in (numpy_names, module):
        thing = vars(place).get(name)
        if inspect.isfunction(thing) and (place is numpy_names or thing.__module__.startswith("checks.operations.fam")):
            return _source(thing)
        if place is module and isinstance(thing, int | float | str | tuple) and name not in vars(np):
            return f"{name} = {thing!r}"
    return ""


def _source(function: Callable[..., Any]) -> str:
    """Return a function's source without annotations and docstring; a lambda as ``reference = lambda …``."""
    text = inspect.cleandoc("\n" + inspect.getsource(function))
    if function.__name__ == "<lambda>":
        lambdas = re.search(r"reference=(lambda.*)", text, re.DOTALL)
        tree = next(
            node
            for node in ast.walk(ast.parse(_balanced(lambdas[1] if lambdas else "lambda: 0")))
            if isinstance(node, ast.Lambda)
        )
        return f"reference = {ast.unparse(tree)}"
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    node.returns = None
    for one in [*node.args.args, *node.args.kwonlyargs, *filter(None, [node.args.vararg])]:
        one.annotation = None
    if ast.get_docstring(node) and len(node.body) > 1:
        node.body = node.body[1:]
    return ast.unparse(node)


def _balanced(text: str) -> str:
    """Return the longest beginning that is one expression."""
    for end in range(len(text), 0, -1):
        try:
            ast.parse(text[:end].strip().rstrip(","), mode="eval")
        except SyntaxError:
            continue
        return text[:end].strip().rstrip(",")
    return "lambda: 0"


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
