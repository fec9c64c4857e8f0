"""The part of a stand-alone script that differentiates: gradients of Σ cotangent × result, beside those of float64."""

from __future__ import annotations

from typing import Any

from checks.common.draw import uniform
from checks.operations.case import Case
from checks.operations.judge import find_truth

FEW = 400
"""Up to so many numbers a gradient is written out; of a larger one the slope along a drawn direction is."""
_LOSS = (
    "def loss(*given):\n"
    "    results = {function}(*given)\n"
    "    results = results if isinstance(results, (tuple, list)) else (results,)\n"
    "    return sum({term} for one, c in zip(results, cotangents) if c is not None)"
)
_TERMS = {
    "pytorch": "(one * torch.tensor(c).to(one)).sum()",
    "tensorflow": "tf.reduce_sum(one * tf.constant(c, one.dtype))",
    "jax": "(one * jnp.asarray(c, one.dtype)).sum()",
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
    differentiated = function if framework == "pytorch" else "operation"  # the others compile the gradient as a whole
    return "\n".join(
        [
            f"cotangents = [{', '.join(drawn)}]",
            f"names, wrt = {list(case.wrt())!r}, {places!r}",
            f"expected = [{', '.join(right)}]",
            f"given = [{tensors}]",
            _LOSS.format(function=differentiated, term=_TERMS[framework]),
            _GRADIENTS[framework].format(compiled=compiled),
            _SHOW,
        ]
    )


def _expected(name: str, gradient: Any, seed: int) -> str:
    """Return a gradient as text, or its slope along the direction that the script draws by the same name."""
    if gradient.ndim and gradient.size > FEW:
        return repr(float((gradient * uniform(seed, f"direction {name}", gradient.shape)).sum()))
    return f"np.array({gradient.tolist()!r})"
