"""Write a case as a stand-alone script that needs only the framework and NumPy, ready for an upstream report."""

from __future__ import annotations

import inspect
from typing import Any

from checks.operations.bounded import Bounded
from checks.operations.case import Case, Input, shape_of
from checks.operations.judge import find_truth
from checks.operations.program import write_function
from checks.operations.script_backward import write_backward
from checks.operations.source import write_meaning

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
_TENSOR = {
    "pytorch": "nn.Parameter(torch.tensor({name}, dtype=torch.{dtype}))",
    "tensorflow": "tf.constant({name}, tf.{dtype})",
    "jax": "jnp.asarray({name}, jnp.{dtype})",
}
_FIXED = _TENSOR | {"pytorch": "torch.tensor({name}, dtype=torch.{dtype})"}
_WHOLE = {"pytorch": "torch.tensor({name})", "tensorflow": "tf.constant({name})", "jax": "jnp.asarray({name})"}

HOLED = {"holed", "endless"}
_LARGEST = "    print('largest difference', np.abs(np.asarray({plain}, 'f8') - expected).max(initial=0))"
_PLACES = (
    "    numbers = np.asarray({plain}, 'f8')\n"
    "    apart = ~np.isclose(numbers, expected, 1e-4, 1e-5, equal_nan=True)\n"
    "    print('wrong:', apart.sum(), 'of', apart.size, numbers[apart][:3], 'not', expected[apart][:3])"
)


def write_script(
    family: str,
    case: Case,
    seed: int,
    framework: str,
    precision: str,
    mode: str,
    sizes: dict[str, Any] | None = None,
    *,
    backward: bool = False,
) -> str:
    """Return the text of the script: it prints the largest difference of the results from float64.

    `sizes` are those that the seed gives, unless others are stated; with `backward` the gradients are compared too.
    """
    sizes = case.draw_sizes(family, seed, framework, mode) if sizes is None else sizes
    inputs = case.inputs
    tensors, function = _given(framework, case, TYPES[precision]), _called(mode)
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
        *_expected(family, case, seed, sizes),
        _run(framework, case, function, tensors),
        write_backward(family, case, seed, framework, mode, sizes, function, tensors)
        if backward and case.wrt()
        else "",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _expected(family: str, case: Case, seed: int, sizes: dict[str, Any]) -> list[str]:
    """Return the definition of ``reference``; its numbers where NumPy alone cannot say what it computes."""
    if case.law:
        return []
    meaning = list(write_meaning(case.reference))
    if not any("ounded(" in part for part in meaning):
        return meaning
    truth = find_truth(case, family, seed, sizes, case.draw_inputs(family, seed, sizes), "float64")
    numbers = ", ".join(f"np.array({one.value.tolist()!r})" for one in truth.outputs if isinstance(one, Bounded))
    return [f"reference = lambda *_, **__: ({numbers},)"]


def _input(name: str, one: Input, stream: str, sizes: dict[str, Any]) -> str:
    shape = shape_of(one.shape, sizes)
    if one.kind == "whole":
        return f"{name} = draw({stream!r}, {shape}) % ({one.below})"
    if one.kind == "truth":
        return f"{name} = draw({stream!r}, {shape}) % 2 == 1"
    how = "spread" if one.kind == "distinct" else "draw"
    text = f"{one.low} + {one.high - one.low} * ({how}({stream!r}, {shape}) / 65536)"
    if one.kind == "endless":
        text = f"np.select([raw % 16 == 5, raw % 16 == 13], [np.inf, -np.inf], {text})"
    if one.kind in HOLED:
        return f"raw = draw({stream!r}, {shape})\n{name} = np.where(raw % 8 == 3, np.nan, {text})"
    return f"{name} = {text}"


def _run(framework: str, case: Case, function: str, tensors: str) -> str:
    asked = inspect.signature(case.reference).parameters
    sizes = "".join(f", {name}={name}" for name in case.sizes if name in asked)
    plain = "torch.as_tensor(got).detach()" if framework == "pytorch" else "got"
    if case.law:
        show = f"np.asarray({plain}, 'f8')"
        return (
            f"results = {function}({tensors})\n"
            "for got in results if isinstance(results, (tuple, list)) else (results,):\n"
            f"    print('mean', {show}.mean(), 'deviation', {show}.std())"
        )
    shown = _PLACES if any(one.kind in HOLED for one in case.inputs.values()) else _LARGEST
    return (
        f"results = {function}({tensors})\n"
        f"right = reference({', '.join(case.inputs)}{sizes})\n"
        "for got, expected in zip(*(one if isinstance(one, (tuple, list)) else (one,) for one in (results, right))):\n"
        f"{shown.format(plain=plain)}"
    )


def _tensors(one: Input, differentiated: bool) -> dict[str, str]:
    if one.kind in {"whole", "truth"}:
        return _WHOLE
    return _TENSOR if differentiated else _FIXED


def _given(framework: str, case: Case, dtype: str) -> str:
    """Return the inputs as tensors of the framework."""
    return ", ".join(
        _tensors(one, name in case.wrt())[framework].format(name=name, dtype=dtype) for name, one in case.inputs.items()
    )


def _called(mode: str) -> str:
    """Return the operation as the mode compiles it."""
    return {
        "compiled": "torch.compile(operation, dynamic=False)",
        "graph": "tf.function(operation)",
        "xla": "tf.function(operation, jit_compile=True)",
        "jit": "jax.jit(operation)",
    }.get(mode, "operation")
