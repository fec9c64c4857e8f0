"""The part of a stand-alone script that differentiates: gradients of Σ cotangent × result, beside those of float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.common.draw import uniform
from checks.operations.case import Case
from checks.operations.judge import find_truth

FEW = 400
"""Up to so many numbers a gradient is written out; of a larger one the slope along a drawn direction is."""
_LOSS = {
    "pytorch": "def loss(*given):\n"
    "    results = {function}(*given)\n"
    "    results = results if isinstance(results, (tuple, list)) else (results,)\n"
    "    return sum((one * torch.tensor(c).to(one)).sum() for one, c in zip(results, cotangents) if c is not None)",
    "tensorflow": "def loss(*given):\n"
    "    results = operation(*given)\n"
    "    results = results if isinstance(results, (tuple, list)) else (results,)\n"
    "    pairs = [(one, c) for one, c in zip(results, cotangents) if c is not None]\n"
    "    return sum(tf.reduce_sum(one * tf.constant(c, one.dtype)) for one, c in pairs)",
    "jax": "def loss(*given):\n"
    "    results = operation(*given)\n"
    "    results = results if isinstance(results, (tuple, list)) else (results,)\n"
    "    return sum((one * jnp.asarray(c, one.dtype)).sum() for one, c in zip(results, cotangents) if c is not None)",
}
_GRADIENTS = {
    "pytorch": "gradients = torch.autograd.grad(loss(*given), [given[n] for n in wrt], allow_unused=True)",
    "tensorflow": "def slopes(*given):\n"
    "    with tf.GradientTape() as tape:\n"
    "        tape.watch([given[n] for n in wrt])\n"
    "        total = loss(*given)\n"
    "    return tape.gradient(total, [given[n] for n in wrt], unconnected_gradients='zero')\n"
    "gradients = {compiled}(*given)",
    "jax": "gradients = {compiled}(*given)",
}
_COMPILED = {
    ("tensorflow", "graph"): "tf.function(slopes)",
    ("tensorflow", "xla"): "tf.function(slopes, jit_compile=True)",
    ("jax", "jit"): "jax.jit(jax.grad(loss, tuple(wrt)))",
    ("jax", "eager"): "jax.grad(loss, tuple(wrt))",
}
_SHOW = (
    "for name, one, right in zip(names, gradients, expected):\n"
    "    one = 0 if one is None else np.asarray(one, 'f8')\n"
    "    if np.ndim(right) == 0 and np.ndim(one):\n"
    "        one = (one * (draw(f'direction {name}', one.shape) / 32768 - 1)).sum()\n"
    "    print('gradient of', name, 'differs by', np.abs(one - right).max(initial=0))"
)


def write_backward(
    family: str, case: Case, seed: int, framework: str, mode: str, sizes: dict[str, Any], function: str, tensors: str
) -> str:
    """Return the lines that print how far each gradient is from that of float64."""
    truth = find_truth(case, family, seed, sizes, case.draw_inputs(family, seed, sizes), "float64")
    drawn = [
        "None" if one is None else f"draw({f'{family}.{case.name} cotangent {n}'!r}, {one.shape}) / 32768 - 1"
        for n, one in enumerate(truth.cotangents)
    ]
    places = [list(case.inputs).index(name) for name in case.wrt()]
    right = [_expected(name, one.value, seed) for name, one in zip(case.wrt(), truth.gradients, strict=True)]
    compiled = _COMPILED.get((framework, mode), "slopes")
    return "\n".join(
        [
            f"cotangents = [{', '.join(drawn)}]",
            f"names, wrt = {list(case.wrt())!r}, {places!r}",
            f"expected = [{', '.join(right)}]",
            f"given = [{tensors}]",
            _LOSS[framework].format(function=function),
            _GRADIENTS[framework].format(compiled=compiled),
            _SHOW,
        ]
    )


def _expected(name: str, gradient: Any, seed: int) -> str:
    """Return a gradient as text, or its slope along the direction that the script draws by the same name."""
    if gradient.ndim and gradient.size > FEW:
        return repr(float((gradient * _direction(name, gradient.shape, seed)).sum()))
    return f"np.array({gradient.tolist()!r})"


def _direction(name: str, shape: tuple[int, ...], seed: int) -> Any:
    return np.asarray(uniform(seed, f"direction {name}", shape))
