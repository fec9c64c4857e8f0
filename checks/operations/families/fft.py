"""Fourier transforms: of complex and real numbers, and back; one to three axes, odd and prime lengths, norms.

Bound: that of the fast transform, a multiple of log₂ n·u of the 2-norm (Higham 2002, theorem 24.2), with p in the place
of log₂ p for a factor p, which is summed directly, and three transforms of up to four times the length for large primes
(Bluestein 1970). Complex numbers go in and come out as their two parts, so that the sign of a gradient's imaginary part
is no convention.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, Input, real
from checks.operations.functions import concatenate
from checks.operations.linear_maps import transform


def kernel(sizes: tuple[int, ...], back: bool = False, norm: str = "backward") -> Any:
    """Return the matrix of the transform over all axes of `sizes`, flattened."""
    power = {"backward": (0.0, 1.0), "ortho": (0.5, 0.5), "forward": (1.0, 0.0)}[norm][back]
    made = np.ones((1, 1))
    for n in sizes:
        turn = np.exp((2j if back else -2j) * np.pi * (np.outer(np.arange(n), np.arange(n)) % n) / n)
        made = np.kron(made, turn / n**power)
    return made


def parts(matrix: Any) -> Any:
    """Return the matrix that acts on real parts followed by imaginary ones."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def work(sizes: tuple[int, ...]) -> float:
    """Return the roundings of the fast transform over these axes."""
    total = 0.0
    for n in sizes:
        rest, p = n, 2
        while rest > 1:
            if rest % p == 0:
                total += p + 7
                rest //= p
            else:
                p += 1
        if p > 11:
            total += 36 * np.log2(4 * n)
    return max(total, 1.0)


def flat(x: Any, axes: int) -> Any:
    """Return x with its last axes as one."""
    return x.reshape(*x.shape[: x.ndim - axes], -1)


def complex_one(a: Any, b: Any, axes: int = 1, back: bool = False, norm: str = "backward") -> Any:
    """Return the two parts of the transform of a + ib."""
    sizes = a.shape[a.ndim - axes :]
    made = transform(concatenate([flat(a, axes), flat(b, axes)], -1), parts(kernel(sizes, back, norm)), work(sizes))
    count = made.shape[-1] // 2
    return made[..., :count].reshape(*a.shape), made[..., count:].reshape(*a.shape)


def inverse(a: Any, b: Any, norm: str = "backward") -> Any:
    """Return the two parts of the inverse transform of a + ib."""
    return complex_one(a, b, 1, True, norm)


def two_axes(a: Any, b: Any, norm: str = "backward") -> Any:
    """Return the two parts of the transform over two axes."""
    return complex_one(a, b, 2, False, norm)


def two_axes_inverse(a: Any, b: Any, norm: str = "backward") -> Any:
    """Return the two parts of the inverse transform over two axes."""
    return complex_one(a, b, 2, True, norm)


def three_axes(a: Any, b: Any) -> Any:
    """Return the two parts of the transform over three axes."""
    return complex_one(a, b, 3)


def real_one(x: Any, axes: int = 1, norm: str = "backward") -> Any:
    """Return the two parts of the transform of real numbers, the first half of the last axis."""
    sizes = x.shape[x.ndim - axes :]
    kept = np.arange(np.prod(sizes)).reshape(sizes)[..., : sizes[-1] // 2 + 1]
    matrix = kernel(sizes, False, norm)[kept.ravel()]
    made = transform(flat(x, axes), np.concatenate([matrix.real, matrix.imag]), work(sizes))
    shape = (*x.shape[: x.ndim - axes], *kept.shape)
    return made[..., : kept.size].reshape(*shape), made[..., kept.size :].reshape(*shape)


def real_two_axes(x: Any, norm: str = "backward") -> Any:
    """Return the two parts of the transform of real numbers over two axes."""
    return real_one(x, 2, norm)


def real_inverse(a: Any, b: Any, N: int, norm: str = "backward") -> Any:  # noqa: N803 - the sizes' names
    """Return the N real numbers that the half transform a + ib stands for; b lacks the ends, which are zero."""
    count = N // 2 + 1
    matrix = kernel((N,), True, norm)
    twice = np.where((np.arange(count) == 0) | (2 * np.arange(count) == N), 1.0, 2.0)
    inner = slice(1, 1 + b.shape[-1])
    made = np.concatenate([matrix.real[:, :count] * twice, (-matrix.imag[:, :count] * twice)[:, inner]], 1)
    return transform(concatenate([a, b], -1), made, work((N,)))


def shifted(x: Any) -> Any:
    """Return x with its middle moved to the front, along the last axis."""
    return x[..., (np.arange(x.shape[-1]) + (x.shape[-1] + 1) // 2) % x.shape[-1]]


_LENGTHS = (1, 2, 3, 7, 8, 12, 30, 45, 64, 97, 101, 127)
_ONE = {"B": (1, 3), "N": _LENGTHS}
_TWO = {"B": (1, 2), "N": (2, 3, 8), "M": (1, 5, 7, 12)}
_NORMS = {"norm": ("ortho", "forward")}
_NO_NORMS = {"tensorflow": "its transforms have one norm"}
_PLAIN = dict.fromkeys(("pytorch", "tensorflow", "jax"), "x")
_COMPLEX = {"pytorch": "torch.complex(a, b)", "tensorflow": "tf.complex(a, b)", "jax": "lax.complex(a, b)"}


def _case(name: str, reference: Any, inputs: dict[str, Input], sizes: Any, code: dict[str, str], **more: Any) -> Case:
    return Case(name=name, reference=reference, inputs=inputs, sizes=sizes, code=code, normwise=True, **more)


def _code(torch: str, tf: str, given: dict[str, str]) -> dict[str, str]:
    """Return the text of a transform to complex numbers per framework, with a place for its norm."""
    return {
        "pytorch": f"y = torch.fft.{torch}({given['pytorch']}{{norm}})\nreturn y.real, y.imag",
        "tensorflow": f"y = tf.signal.{tf}({given['tensorflow']})\nreturn tf.math.real(y), tf.math.imag(y)",
        "jax": f"y = jnp.fft.{torch}({given['jax']}{{norm}})\nreturn y.real, y.imag",
    }


def _normed(code: dict[str, str], norm: str = "") -> dict[str, str]:
    return {framework: text.format(norm=norm) for framework, text in code.items()}


def _both(
    name: str, reference: Any, inputs: dict[str, Input], sizes: Any, code: dict[str, str], **more: Any
) -> tuple[Case, Case]:
    """Return a case in all frameworks, and one with the other norms in those that have them."""
    normed = {framework: text for framework, text in code.items() if framework not in _NO_NORMS}
    return (
        _case(name, reference, inputs, sizes, _normed(code), **more),
        _case(
            f"{name}_norms", reference, inputs, {**sizes, **_NORMS}, _normed(normed, ", norm=norm"), absent=_NO_NORMS
        ),
    )


def _two_parts(shape: str) -> dict[str, Input]:
    return {"a": real(shape), "b": real(shape)}


_LONGER = {"B": (1, 3), "N": _LENGTHS[2:]}
CASES = (
    *_both("complex", complex_one, _two_parts("B, N"), _ONE, _code("fft", "fft", _COMPLEX), quick=True),
    *_both("inverse", inverse, _two_parts("B, N"), _ONE, _code("ifft", "ifft", _COMPLEX)),
    *_both("two_axes", two_axes, _two_parts("B, N, M"), _TWO, _code("fft2", "fft2d", _COMPLEX)),
    *_both("two_axes_inverse", two_axes_inverse, _two_parts("B, N, M"), _TWO, _code("ifft2", "ifft2d", _COMPLEX)),
    *_both("real", real_one, {"x": real("B, N")}, _ONE, _code("rfft", "rfft", _PLAIN)),
    *_both("real_two_axes", real_two_axes, {"x": real("B, N, M")}, _TWO, _code("rfft2", "rfft2d", _PLAIN)),
    *_both(
        "real_inverse",
        real_inverse,
        {"a": real("B, N // 2 + 1"), "b": real("B, (N - 1) // 2")},
        _LONGER,
        {
            "pytorch": "y = torch.complex(a, F.pad(b, (1, 1 - N % 2)))\nreturn torch.fft.irfft(y, N{norm})",
            "tensorflow": "y = tf.complex(a, tf.pad(b, ((0, 0), (1, 1 - N % 2))))\nreturn tf.signal.irfft(y, [N])",
            "jax": "y = lax.complex(a, jnp.pad(b, ((0, 0), (1, 1 - N % 2))))\nreturn jnp.fft.irfft(y, N{norm})",
        },
        quick=True,
    ),
    _case(
        "three_axes",
        three_axes,
        _two_parts("N, M, K"),
        {"N": (2, 3), "M": (3, 4), "K": (5, 8)},
        _normed(_code("fftn", "fft3d", _COMPLEX)),
    ),
    Case(
        name="shifted",
        reference=shifted,
        inputs={"x": real("B, N")},
        sizes=_ONE,
        code={
            "pytorch": "torch.fft.fftshift(x, dim=-1)",
            "tensorflow": "tf.signal.fftshift(x, axes=-1)",
            "jax": "jnp.fft.fftshift(x, axes=-1)",
        },
    ),
)
