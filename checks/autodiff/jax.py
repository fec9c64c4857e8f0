"""The zoo in JAX: reverse mode by `jax.vjp`, forward mode by `jax.jvp`, as NumPy writes the functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.autodiff.zoo import CLASSES, GATHERED, NORM_EPSILON
from checks.common.jax import x64

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]

# what JAX's derivative rules state (lax.py): abs counts 0 among the positive; maximum and minimum share a tie in
# halves, and so does clip, which is made of them; the norm's zero is 0/0
CORNERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "abs at 0": ((1.0,),),
    "clip at its bound": ((0.5,),),
    "norm at 0": ((np.nan, np.nan),),
    "maximum at a tie": ((0.5,), (0.5,)),
    "minimum at a tie": ((0.5,), (0.5,)),
    "cumulative maximum of equals": ((2.0, 1.0),),
    "cumulative product with a zero": ((9.0, 0.0, 0.0),),
}

_ROWS = GATHERED.astype(np.int32)


class Engine:
    """JAX's derivatives in one precision; float64 takes the x64 mode."""

    def __init__(self, job: Job, precision: str) -> None:  # noqa: ARG002 - JAX sees this job's device alone
        self.precision = precision

    def reverse(self, name: str, inputs: Sequence[Array], cotangent: Array) -> tuple[Array, list[Array]]:
        with self._mode():
            value, gradients = _reverse(name, self._numbers(inputs), cotangent.astype(self.precision))
            return np.array(value), [np.array(gradient) for gradient in gradients]

    def forward(self, name: str, inputs: Sequence[Array], tangents: Sequence[Array]) -> Array:
        with self._mode():
            return np.array(_forward(name, self._numbers(inputs), self._numbers(tangents)))

    def composite(self, points: Array, direction: Array) -> dict[str, Array]:
        with self._mode():
            value, gradient, reverse, forward = _composite(*self._numbers((points, direction)))
            return {
                "value": np.array(value),
                "gradient": np.array(gradient),
                "Hessian product, reverse over reverse": np.array(reverse),
                "Hessian product, forward over reverse": np.array(forward),
            }

    def _mode(self) -> Any:
        return x64(self.precision == "float64")

    def _numbers(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(array.astype(self.precision) for array in arrays)


@partial(jax.jit, static_argnums=0)
def _reverse(name: str, inputs: tuple[jax.Array, ...], cotangent: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    value, back = jax.vjp(FUNCTIONS[name], *inputs)
    return value, back(cotangent)


@partial(jax.jit, static_argnums=0)
def _forward(name: str, inputs: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]) -> jax.Array:
    return jax.jvp(FUNCTIONS[name], inputs, tangents)[1]


@jax.jit
def _composite(x: jax.Array, v: jax.Array) -> tuple[jax.Array, ...]:
    gradient = jax.grad(lambda x: composite(x).sum())
    value, back = jax.vjp(gradient, x)
    return composite(x), value, back(v)[0], jax.jvp(gradient, (x,), (v,))[1]


def composite(points: jax.Array) -> jax.Array:
    """Return (x₁x₂ sin x₃ + e^(x₁x₂)) / x₃ for points (n, 3)."""
    x1, x2, x3 = points.T
    return (x1 * x2 * jnp.sin(x3) + jnp.exp(x1 * x2)) / x3


def _layer_norm(x: jax.Array, scale: jax.Array, shift: jax.Array) -> jax.Array:
    return jax.nn.standardize(x, axis=1, epsilon=NORM_EPSILON) * scale + shift


def _conv2d(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _pool(x: jax.Array, start: float, reduce: Callable[..., jax.Array]) -> jax.Array:
    return jax.lax.reduce_window(x, start, reduce, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _eye(x: jax.Array) -> jax.Array:
    return jnp.eye(len(x), dtype=x.dtype)


FUNCTIONS: dict[str, Callable[..., jax.Array]] = {
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "log": jnp.log,
    "log1p": jnp.log1p,
    "sqrt": jnp.sqrt,
    "rsqrt": jax.lax.rsqrt,
    "reciprocal": jnp.reciprocal,
    "square": jnp.square,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "arctan": jnp.arctan,
    "sinh": jnp.sinh,
    "tanh": jnp.tanh,
    "erf": jax.scipy.special.erf,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "abs": jnp.abs,
    "add": jnp.add,
    "subtract": jnp.subtract,
    "multiply": jnp.multiply,
    "divide": jnp.divide,
    "power": jnp.power,
    "arctan2": jnp.arctan2,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "where": lambda x, y: jnp.where(x > 0, x * y, x - y),
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(axis=1),
    "variance": lambda x: x.var(axis=1),
    "product": lambda x: x.prod(axis=1),
    "largest": lambda x: x.max(axis=1),
    "norm": lambda x: jnp.linalg.norm(x, axis=1),
    "logsumexp": lambda x: jax.nn.logsumexp(x, axis=1),
    "cumulative sum": lambda x: x.cumsum(axis=1),
    "cumulative product": lambda x: x.cumprod(axis=1),
    "cumulative maximum": lambda x: jax.lax.cummax(x, axis=1),
    "softmax": jax.nn.softmax,
    "log softmax": jax.nn.log_softmax,
    "cross-entropy": lambda x: (
        -jnp.take_along_axis(jax.nn.log_softmax(x), CLASSES[:, None].astype(np.int32), axis=1)[:, 0]
    ),
    "layer norm": _layer_norm,
    "transpose": lambda x: x.T.reshape(6, 8),
    "slice": lambda x: x[1::2, -3:0:-2],
    "flip": lambda x: x[:, ::-1],
    "pad": lambda x: jnp.pad(x, ((1, 0), (0, 2))),
    "concatenate": lambda x, y: jnp.concatenate([x, y[None], x]),
    "gather": lambda x: x[_ROWS],
    "scatter add": lambda x: jnp.zeros((7, x.shape[1]), x.dtype).at[_ROWS].add(x),
    "sort": lambda x: jnp.sort(x, axis=1),
    "top 3": lambda x: jax.lax.top_k(x, 3)[0],
    "matmul": jnp.matmul,
    "batched matmul": jnp.matmul,
    "conv2d": _conv2d,
    "average pool": lambda x: _pool(x, 0.0, jax.lax.add) / 4,
    "max pool": lambda x: _pool(x, -jnp.inf, jax.lax.max),
    "solve": lambda a, b: jnp.linalg.solve(8 * _eye(a) + a, b),
    "inverse": lambda a: jnp.linalg.inv(8 * _eye(a) + a),
    "determinant": lambda a: jnp.linalg.det(_eye(a) + a)[None],
    "clip": lambda x: jnp.clip(x, -1, 1),
    "guarded reciprocal": lambda x: jnp.where(x > 0, 1 / x, 0),
}
