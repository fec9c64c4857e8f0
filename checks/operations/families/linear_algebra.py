"""Linear algebra: solving, inverses, determinants, Cholesky, QR, singular values, eigenvalues, powers.

Bound: n·u times the condition of well-conditioned inputs, of the largest element for all (Higham 2002, chapters 9, 10
and 19): 8n²·u, with the matrices drawn so that their condition is at most 4. Factors are compared as their products,
which are unique, and in the place of gradients of factors those of functions of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.bounded import Bounded, as_bounded, unit
from checks.operations.case import Case, real
from checks.operations.functions import constant, stack


def backward_stable(value: Any, grown: Any, parents: Any = ()) -> Any:
    """Return numbers within 8n²·u of the largest of `grown`."""
    size = max(np.shape(value)[-1:] or (1,))
    return Bounded(value, 8 * size * size * unit() * np.abs(grown).max(), parents)


def dominant(a: Any) -> Any:
    """Return a + 2n·1, whose condition is at most 3."""
    return a + 2.0 * a.shape[-1] * np.eye(a.shape[-1])


def inverse_of(m: Any) -> Any:
    """Return the inverse; its gradient is -MᵀGMᵀ."""
    m = as_bounded(m)
    value = np.linalg.inv(m.value)
    made = backward_stable(value, value)
    spread = np.abs(value) @ m.error @ np.abs(value)
    error = made.error + spread
    fixed = Bounded(value, error)
    turned = fixed.transpose(*range(m.ndim - 2), m.ndim - 1, m.ndim - 2)
    return Bounded(value, error, [(m, lambda g: -(turned @ g @ turned))])


def solve(a: Any, b: Any) -> Any:
    """Return the solution of (a + 2n·1) x = b."""
    return inverse_of(dominant(a)) @ b


def inverse(a: Any) -> Any:
    """Return the inverse of a + 2n·1."""
    return inverse_of(dominant(a))


def log_determinant(a: Any) -> Any:
    """Return ln det (a + 2n·1)."""
    m = as_bounded(dominant(a))
    value = np.linalg.slogdet(m.value)[1]
    turned = inverse_of(constant(m)).T
    error = 8 * m.shape[-1] ** 2 * unit() * np.abs(value).max() + (np.abs(turned.value) * m.error).sum()
    return Bounded(value, error, [(m, lambda g: g * turned)])


def symmetric(a: Any) -> Any:
    """Return a·aᵀ + 2n·1."""
    return a @ a.T + 2.0 * a.shape[0] * np.eye(a.shape[0])


def rebuilt(a: Any) -> Any:
    """Return a matrix as its factors give it back."""
    return backward_stable(*[getattr(a, "value", a)] * 2)


def rebuilt_symmetric(a: Any) -> Any:
    """Return a·aᵀ + 2n·1 as its factors give it back."""
    return rebuilt(symmetric(a))


def cholesky(a: Any) -> Any:
    """Return the lower factor of a·aᵀ + 2n·1."""
    m = getattr(symmetric(a), "value", symmetric(a))
    return backward_stable(np.linalg.cholesky(m), np.linalg.cholesky(m))


def singular(a: Any) -> Any:
    """Return the singular values, the largest first."""
    found = np.linalg.svd(getattr(a, "value", a), compute_uv=False)
    return backward_stable(found, found)


def eigenvalues(a: Any) -> Any:
    """Return the eigenvalues of a·aᵀ + 2n·1, rising."""
    m = getattr(symmetric(a), "value", symmetric(a))
    return backward_stable(np.linalg.eigvalsh(m), np.linalg.eigvalsh(m))


def trace_of_root(a: Any) -> Any:
    """Return the sum of the eigenvalues of a + aᵀ + 4n·1, which is its trace, and so has a gradient that is known."""
    m = a + a.T + 4.0 * a.shape[0] * np.eye(a.shape[0])
    total = (m * np.eye(a.shape[0])).sum()
    value = getattr(total, "value", total)
    return Bounded(value, 8 * a.shape[0] ** 2 * unit() * np.abs(value), _known(total, a))


def _known(total: Any, a: Any) -> Any:
    """Return what makes the gradient of a trace that of the sum of eigenvalues, within n²·u."""
    size = a.shape[0]

    def back(g: Any) -> Any:
        made = g * (2.0 * np.eye(size))
        return Bounded(made.value, made.error + 16 * size * size * unit() * np.abs(g.value).max())

    return [(a, back)] if isinstance(total, Bounded) else []


def squares_of_singular(a: Any) -> Any:
    """Return the sum of squares of the singular values, which is that of all elements."""
    total = (a * a).sum()
    value = getattr(total, "value", total)
    size = max(a.shape)

    def back(g: Any) -> Any:
        made = g * (2.0 * constant(a))
        return Bounded(made.value, made.error + 16 * size * size * unit() * np.abs(made.value).max())

    return Bounded(value, 8 * size * size * unit() * np.abs(value), [(a, back)] if isinstance(total, Bounded) else [])


def triangular(a: Any, b: Any) -> Any:
    """Return the solution of the lower triangle of a + 2n·1."""
    return inverse_of(dominant(a) * np.tril(np.ones(a.shape))) @ b


def least_squares(a: Any, b: Any) -> Any:
    """Return what is nearest to solving, of a tall matrix: its top is a + 2n·1."""
    a, b = (getattr(one, "value", one) for one in (a, b))
    size = a.shape[1]
    tall = a + 2.0 * size * np.eye(*a.shape)
    found = np.linalg.lstsq(tall, b, rcond=None)[0]
    return backward_stable(found, np.abs(found).max() * 4)


def third_power(a: Any) -> Any:
    """Return a·a·a."""
    return a @ a @ a


def exponential(a: Any) -> Any:
    """Return the exponential of a / n."""
    m = getattr(a, "value", a) / a.shape[0]
    total = term = np.eye(len(m))
    for n in range(1, 30):
        term = term @ m / n
        total = total + term
    return backward_stable(total, total)


def cross(x: Any, y: Any) -> Any:
    """Return the cross products of rows."""
    return stack(
        [x[:, i] * y[:, j] - x[:, j] * y[:, i] for i, j in ((1, 2), (2, 0), (0, 1))],
        1,
    )


_N = {"N": (1, 2, 5, 9, 33), "K": (1, 3)}
_GROWN = {
    "pytorch": "m = a + 2.0 * N * torch.eye(N, dtype=a.dtype, device=a.device)\n",
    "tensorflow": "m = a + 2.0 * N * tf.eye(N, dtype=a.dtype)\n",
    "jax": "m = a + 2.0 * N * jnp.eye(N, dtype=a.dtype)\n",
}
_SYMMETRIC = {
    "pytorch": "m = a @ a.T + 2.0 * N * torch.eye(N, dtype=a.dtype, device=a.device)\n",
    "tensorflow": "m = tf.matmul(a, a, transpose_b=True) + 2.0 * N * tf.eye(N, dtype=a.dtype)\n",
    "jax": "m = a @ a.T + 2.0 * N * jnp.eye(N, dtype=a.dtype)\n",
}
_FACTORS = "its factors are not unique"


def _case(name: str, reference: Any, torch: str, tensorflow: str, jax: str, before: Any = None, **more: Any) -> Case:
    begin = before or dict.fromkeys(("pytorch", "tensorflow", "jax"), "")
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs=more.pop("inputs", {"a": real("N, N")}),
        reference=reference,
        code={framework: begin[framework] + text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes=_N,
        normwise=True,
        **more,
    )


_WITH = {"a": real("N, N"), "b": real("N, K")}
_TALL = {"a": real("N + 4, N")}

_JACOBI = {"tensorflow xla": "XLA ends its Jacobi sweeps at a tolerance of float32"}

CASES = (
    _case(
        "solve",
        solve,
        "return torch.linalg.solve(m, b)",
        "return tf.linalg.solve(m, b)",
        "return jnp.linalg.solve(m, b)",
        _GROWN,
        inputs=_WITH,
        quick=True,
    ),
    _case(
        "inverse",
        inverse,
        "return torch.linalg.inv(m)",
        "return tf.linalg.inv(m)",
        "return jnp.linalg.inv(m)",
        _GROWN,
    ),
    _case(
        "log_determinant",
        log_determinant,
        "return torch.linalg.slogdet(m).logabsdet",
        "return tf.linalg.slogdet(m)[1]",
        "return jnp.linalg.slogdet(m)[1]",
        _GROWN,
    ),
    _case(
        "triangular",
        triangular,
        "return torch.linalg.solve_triangular(m.tril(), b, upper=False)",
        "return tf.linalg.triangular_solve(m, b)",
        "return jax.scipy.linalg.solve_triangular(m, b, lower=True)",
        _GROWN,
        inputs=_WITH,
    ),
    _case(
        "cholesky",
        cholesky,
        "return torch.linalg.cholesky(m)",
        "return tf.linalg.cholesky(m)",
        "return jnp.linalg.cholesky(m)",
        _SYMMETRIC,
        inputs={"a": real("N, N", gradient=False)},
        no_gradient="that of solving with it is in solve",
    ),
    _case(
        "qr",
        rebuilt,
        "q, r = torch.linalg.qr(a)\nreturn q @ r",
        "q, r = tf.linalg.qr(a)\nreturn tf.matmul(q, r)",
        "q, r = jnp.linalg.qr(a)\nreturn q @ r",
        inputs={"a": real("N + 4, N", gradient=False)},
        no_gradient=_FACTORS,
    ),
    _case(
        "svd",
        rebuilt,
        "u, s, v = torch.linalg.svd(a, full_matrices=False)\nreturn (u * s) @ v",
        "s, u, v = tf.linalg.svd(a)\nreturn tf.matmul(u * s, v, transpose_b=True)",
        "u, s, v = jnp.linalg.svd(a, full_matrices=False)\nreturn (u * s) @ v",
        inputs={"a": real("N + 4, N", gradient=False)},
        no_gradient=_FACTORS,
        narrow=_JACOBI,
    ),
    _case(
        "singular_values",
        singular,
        "torch.linalg.svdvals(a)",
        "tf.linalg.svd(a, compute_uv=False)",
        "jnp.linalg.svd(a, compute_uv=False)",
        inputs={"a": real("N + 4, N", gradient=False)},
        no_gradient="squares_of_singular has it",
        narrow=_JACOBI,
    ),
    _case(
        "squares_of_singular",
        squares_of_singular,
        "torch.linalg.svdvals(a).square().sum()",
        "tf.reduce_sum(tf.square(tf.linalg.svd(a, compute_uv=False)))",
        "jnp.square(jnp.linalg.svd(a, compute_uv=False)).sum()",
        inputs=_TALL,
        narrow=_JACOBI,
    ),
    _case(
        "eigenvalues",
        eigenvalues,
        "return torch.linalg.eigvalsh(m)",
        "return tf.linalg.eigvalsh(m)",
        "return jnp.linalg.eigvalsh(m)",
        _SYMMETRIC,
        inputs={"a": real("N, N", gradient=False)},
        no_gradient="sum_of_eigenvalues has it",
        narrow=_JACOBI,
    ),
    _case(
        "eigenvectors",
        rebuilt_symmetric,
        "w, v = torch.linalg.eigh(m)\nreturn (v * w) @ v.T",
        "w, v = tf.linalg.eigh(m)\nreturn tf.matmul(v * w, v, transpose_b=True)",
        "w, v = jnp.linalg.eigh(m)\nreturn (v * w) @ v.T",
        _SYMMETRIC,
        inputs={"a": real("N, N", gradient=False)},
        no_gradient=_FACTORS,
        narrow=_JACOBI,
    ),
    _case(
        "sum_of_eigenvalues",
        trace_of_root,
        "m = a + a.T + 4.0 * N * torch.eye(N, dtype=a.dtype, device=a.device)\nreturn torch.linalg.eigvalsh(m).sum()",
        "m = a + tf.transpose(a) + 4.0 * N * tf.eye(N, dtype=a.dtype)\nreturn tf.reduce_sum(tf.linalg.eigvalsh(m))",
        "m = a + a.T + 4.0 * N * jnp.eye(N, dtype=a.dtype)\nreturn jnp.linalg.eigvalsh(m).sum()",
        narrow=_JACOBI,
    ),
    _case(
        "least_squares",
        least_squares,
        "m = a + 2.0 * N * torch.eye(N + 4, N, dtype=a.dtype, device=a.device)\n"
        "return torch.linalg.lstsq(m, b).solution",
        "m = a + 2.0 * N * tf.eye(N + 4, N, dtype=a.dtype)\nreturn tf.linalg.lstsq(m, b)",
        "m = a + 2.0 * N * jnp.eye(N + 4, N, dtype=a.dtype)\nreturn jnp.linalg.lstsq(m, b)[0]",
        inputs={"a": real("N + 4, N", gradient=False), "b": real("N + 4, K", gradient=False)},
        no_gradient="that of solve",
    ),
    _case(
        "third_power",
        third_power,
        "torch.linalg.matrix_power(a, 3)",
        "tf.matmul(a, tf.matmul(a, a))",
        "jnp.linalg.matrix_power(a, 3)",
    ),
    _case(
        "exponential",
        exponential,
        "torch.linalg.matrix_exp(a / N)",
        "tf.linalg.expm(a / N)",
        "jax.scipy.linalg.expm(a / N)",
        inputs={"a": real("N, N", gradient=False)},
        no_gradient="its series is not differentiated here",
        roundings=64,  # PyTorch 2.13's polynomial for float32 leaves up to 500 roundings where the norm is below 1
    ),
    _case(
        "cross",
        cross,
        "torch.linalg.cross(a, b)",
        "tf.linalg.cross(a, b)",
        "jnp.cross(a, b)",
        inputs={"a": real("N, 3"), "b": real("N, 3")},
    ),
)
