"""Activations and other functions of single numbers, forward and backward.

Bound: 8 roundings per library function, 4 ulps (the worst of the vector libraries in use), the rest of each formula by
running error analysis (Higham 2002, section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from checks.operations.case import Case, real
from checks.operations.functions import (
    absolute,
    arctan,
    clip,
    cos,
    erf,
    exp,
    expm1,
    log,
    log1p,
    logsumexp,
    loosened,
    maximum,
    minimum,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    tanh,
    where,
)


def _value(x: Any) -> Any:
    """Return the numbers of x, to compare them."""
    return getattr(x, "value", x)


def decay(x: Any) -> Any:
    """Return e^x - 1 where x is negative, as the mean of both formulas in use.

    The slope of expm1 is its result plus one, which for large -x keeps only what a number near one holds of it (JAX);
    e^x less one does that near 0 (TensorFlow). Twice the roundings of the mean are those of both together.
    """
    below = minimum(x, 0.0)
    return (expm1(below) + (exp(below) - 1)) / 2


def elu(x: Any) -> Any:
    """Return ELU with α 1/2."""
    return where(_value(x) > 0, x, 0.5 * decay(x))


def selu(x: Any) -> Any:
    """Return the self-normalising ELU."""
    scale, alpha = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
    return scale * where(_value(x) > 0, x, alpha * decay(x))


def celu(x: Any) -> Any:
    """Return CELU with α 1/2."""
    return where(_value(x) > 0, x, 0.5 * decay(2 * x))


def leaky(x: Any) -> Any:
    """Return x, or x/8 where it is negative."""
    return where(_value(x) > 0, x, 0.125 * x)


def gelu(x: Any) -> Any:
    """Return x times the normal distribution of x.

    oneDNN (jit_uni_eltwise_injector.cpp, without AVX) takes the error function from Abramowitz and Stegun 7.1.26,
    which is off by up to 1.5e-7 everywhere: 2.5 roundings of one.
    """
    return 0.5 * x * (1 + loosened(erf(x * 0.7071067811865476), 2.5))


def gelu_tanh(x: Any) -> Any:
    """Return GELU's approximation by tanh."""
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def silu(x: Any) -> Any:
    """Return x times its sigmoid."""
    return x * sigmoid(x)


def mish(x: Any) -> Any:
    """Return x times the tanh of its softplus."""
    return x * tanh(softplus(x))


def hard_sigmoid(x: Any) -> Any:
    """Return (x + 3) / 6 between 0 and 1."""
    return clip(x + 3, 0.0, 6.0) / 6


def hard_swish(x: Any) -> Any:
    """Return x times its hard sigmoid."""
    return x * clip(x + 3, 0.0, 6.0) / 6


def hard_shrink(x: Any) -> Any:
    """Return x, or 0 up to 1/2."""
    return where(abs(_value(x)) > 0.5, x, 0.0)


def soft_shrink(x: Any) -> Any:
    """Return x moved by 1/2 towards 0."""
    return where(_value(x) > 0, maximum(x - 0.5, 0.0), minimum(x + 0.5, 0.0))


def soft_sign(x: Any) -> Any:
    """Return x / (1 + |x|)."""
    return x / (1 + absolute(x))


def log_sigmoid(x: Any) -> Any:
    """Return the logarithm of the sigmoid."""
    return -softplus(-x)


def tanh_shrink(x: Any) -> Any:
    """Return x less its tanh."""
    return x - tanh(x)


def gated(x: Any) -> Any:
    """Return one half times the sigmoid of the other."""
    half = x.shape[-1] // 2
    return x[..., :half] * sigmoid(x[..., half:])


def prelu(x: Any, w: Any) -> Any:
    """Return x, or w·x where it is negative."""
    return where(_value(x) > 0, x, w * x)


def log_softmax(x: Any) -> Any:
    """Return the logarithm of the softmax."""
    return x - logsumexp(x, -1, keepdims=True)


def relu6(x: Any) -> Any:
    """Return x between 0 and 6."""
    return clip(x, 0.0, 6.0)


def tangent(x: Any) -> Any:
    """Return the tangent."""
    return sin(x) / cos(x)


def sinh(x: Any) -> Any:
    """Return the hyperbolic sine."""
    return 0.5 * (exp(x) - exp(-x))


def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine."""
    return 0.5 * (exp(x) + exp(-x))


def arcsinh(x: Any) -> Any:
    """Return the inverse of sinh."""
    return where(_value(x) > 0, log(absolute(x) + sqrt(x * x + 1)), -log(absolute(x) + sqrt(x * x + 1)))


def log2(x: Any) -> Any:
    """Return the logarithm to base 2."""
    return log(x) * 1.4426950408889634


def reciprocal_root(x: Any) -> Any:
    """Return 1 / √x."""
    return 1 / sqrt(x)


def power(x: Any, y: Any) -> Any:
    """Return x to the power y."""
    return exp(y * log(x))


def hypotenuse(x: Any, y: Any) -> Any:
    """Return √(x² + y²)."""
    return sqrt(x * x + y * y)


def between(x: Any, y: Any, w: Any) -> Any:
    """Return a point between x and y."""
    return x + w * (y - x)


def _one(
    name: str, reference: Any, torch: str, tensorflow: str = "", jax: str = "", low: float = -4, high: float = 4,
    *, quick: bool = False, roundings: float = 1, narrow: Mapping[str, str] = MappingProxyType({}),
) -> Case:  # fmt: skip
    code = {"pytorch": torch, "tensorflow": tensorflow, "jax": jax}
    return Case(
        name=name,
        inputs={"x": real("N, C", low, high)},
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={framework: "no function of it" for framework, text in code.items() if not text},
        sizes={"N": (1, 3, 33), "C": (2, 6, 18, 130)},
        quick=quick,
        roundings=roundings,
        narrow=narrow,
    )


def _two(name: str, reference: Any, torch: str, tensorflow: str, jax: str, low: float = -2, high: float = 2) -> Case:
    return Case(
        name=name,
        inputs={"x": real("N, C", low, high), "y": real("C", low, high)},
        reference=reference,
        code={"pytorch": torch, "tensorflow": tensorflow, "jax": jax},
        sizes={"N": (1, 3, 33), "C": (1, 6, 130)},
    )


# TensorFlow's slopes of ELU and SELU come of their rounded values, f + α, and cancel: hence more roundings
_GELU = {"tensorflow": "its constant is one of float32"}

CASES = (
    _one("relu", lambda x: maximum(x, 0.0), "F.relu(x)", "tf.nn.relu(x)", "nn.relu(x)"),
    _one("relu6", relu6, "F.relu6(x)", "tf.nn.relu6(x)", "nn.relu6(x)", -8, 8),
    _one("leaky_relu", leaky, "F.leaky_relu(x, 0.125)", "tf.nn.leaky_relu(x, 0.125)", "nn.leaky_relu(x, 0.125)"),
    _one("elu", elu, "F.elu(x, 0.5)", "keras.activations.elu(x, 0.5)", "nn.elu(x, 0.5)", roundings=2),
    _one("selu", selu, "F.selu(x)", "tf.nn.selu(x)", "nn.selu(x)", roundings=2),
    _one("celu", celu, "F.celu(x, 0.5)", "keras.activations.celu(x, 0.5)", "nn.celu(x, 0.5)", roundings=2),
    _one("gelu", gelu, "F.gelu(x)", "tf.nn.gelu(x)", "nn.gelu(x, approximate=False)", quick=True, narrow=_GELU),
    _one(
        "gelu_tanh",
        gelu_tanh,
        "F.gelu(x, approximate='tanh')",
        "tf.nn.gelu(x, approximate=True)",
        "nn.gelu(x, approximate=True)",
        narrow=_GELU,
    ),
    _one("silu", silu, "F.silu(x)", "tf.nn.silu(x)", "nn.silu(x)"),
    _one("mish", mish, "F.mish(x)", "keras.activations.mish(x)", "nn.mish(x)"),
    _one("sigmoid", sigmoid, "torch.sigmoid(x)", "tf.sigmoid(x)", "nn.sigmoid(x)"),
    _one("log_sigmoid", log_sigmoid, "F.logsigmoid(x)", "tf.math.log_sigmoid(x)", "nn.log_sigmoid(x)"),
    _one("hard_sigmoid", hard_sigmoid, "F.hardsigmoid(x)", "keras.activations.hard_sigmoid(x)", "nn.hard_sigmoid(x)"),
    _one("hard_swish", hard_swish, "F.hardswish(x)", "keras.activations.hard_silu(x)", "nn.hard_swish(x)"),
    _one(
        "hard_tanh", lambda x: clip(x, -1.0, 1.0), "F.hardtanh(x)", "keras.activations.hard_tanh(x)", "nn.hard_tanh(x)"
    ),
    _one("hard_shrink", hard_shrink, "F.hardshrink(x)", "keras.activations.hard_shrink(x)"),
    _one("soft_shrink", soft_shrink, "F.softshrink(x)", "keras.activations.soft_shrink(x)"),
    _one("soft_sign", soft_sign, "F.softsign(x)", "tf.nn.softsign(x)", "nn.soft_sign(x)"),
    _one("softplus", softplus, "F.softplus(x)", "tf.nn.softplus(x)", "nn.softplus(x)"),
    _one("tanh", tanh, "torch.tanh(x)", "tf.tanh(x)", "jnp.tanh(x)", quick=True),
    _one("tanh_shrink", tanh_shrink, "F.tanhshrink(x)", "keras.activations.tanh_shrink(x)", "", roundings=2),
    _one("gated", gated, "F.glu(x)", "keras.activations.glu(x)", "nn.glu(x)"),
    _one("softmax", softmax, "F.softmax(x, -1)", "tf.nn.softmax(x)", "nn.softmax(x)", quick=True),
    _one("softmin", lambda x: softmax(-x), "F.softmin(x, -1)"),
    _one("softmax_columns", lambda x: softmax(x, 0), "F.softmax(x, 0)", "tf.nn.softmax(x, 0)", "nn.softmax(x, 0)"),
    _one("log_softmax", log_softmax, "F.log_softmax(x, -1)", "tf.nn.log_softmax(x)", "nn.log_softmax(x)"),
    _one("exp", exp, "torch.exp(x)", "tf.exp(x)", "jnp.exp(x)"),
    _one("expm1", expm1, "torch.expm1(x)", "tf.math.expm1(x)", "jnp.expm1(x)"),
    _one("log", log, "torch.log(x)", "tf.math.log(x)", "jnp.log(x)", 0.25, 4.25),
    _one("log1p", log1p, "torch.log1p(x)", "tf.math.log1p(x)", "jnp.log1p(x)", -0.5, 3.5),
    _one("log2", log2, "torch.log2(x)", "", "jnp.log2(x)", 0.25, 4.25),
    _one("sqrt", sqrt, "torch.sqrt(x)", "tf.sqrt(x)", "jnp.sqrt(x)", 0.25, 4.25),
    _one("reciprocal_root", reciprocal_root, "torch.rsqrt(x)", "tf.math.rsqrt(x)", "lax.rsqrt(x)", 0.25, 4.25),
    _one("reciprocal", lambda x: 1 / x, "torch.reciprocal(x)", "tf.math.reciprocal(x)", "jnp.reciprocal(x)", 0.5, 2.5),
    _one("square", lambda x: x * x, "torch.square(x)", "tf.square(x)", "jnp.square(x)"),
    _one("cube", lambda x: x**3, "x**3", "x**3", "x**3", 0.5, 2.5),
    _one("absolute", absolute, "torch.abs(x)", "tf.abs(x)", "jnp.abs(x)"),
    _one("sine", sin, "torch.sin(x)", "tf.sin(x)", "jnp.sin(x)"),
    _one("cosine", cos, "torch.cos(x)", "tf.cos(x)", "jnp.cos(x)"),
    _one("tangent", tangent, "torch.tan(x)", "tf.tan(x)", "jnp.tan(x)", -1, 1),
    _one("arctangent", arctan, "torch.atan(x)", "tf.atan(x)", "jnp.arctan(x)"),
    _one("sinh", sinh, "torch.sinh(x)", "tf.sinh(x)", "jnp.sinh(x)"),
    _one("cosh", cosh, "torch.cosh(x)", "tf.cosh(x)", "jnp.cosh(x)"),
    _one("arcsinh", arcsinh, "torch.asinh(x)", "tf.asinh(x)", "jnp.arcsinh(x)", 0.5, 4.5),
    _one("error_function", erf, "torch.erf(x)", "tf.math.erf(x)", "lax.erf(x)"),
    _one(
        "clip",
        lambda x: clip(x, -1.5, 1.5),
        "torch.clamp(x, -1.5, 1.5)",
        "tf.clip_by_value(x, -1.5, 1.5)",
        "jnp.clip(x, -1.5, 1.5)",
    ),
    Case(
        name="prelu",
        inputs={"x": real("N, C", -4, 4), "w": real("C")},
        reference=prelu,
        code={
            "pytorch": "F.prelu(x, w)",
            "tensorflow": "layer = keras.layers.PReLU()\n"
            "layer.build((None, C))\n"
            "return layer.stateless_call([w], [], x)[0]",
            "jax": "jnp.where(x > 0, x, w * x)",
        },
        sizes={"N": (2, 33), "C": (2, 6, 130)},
    ),
    _two("add", lambda x, y: x + y, "x + y", "x + y", "x + y"),
    _two("subtract", lambda x, y: x - y, "x - y", "x - y", "x - y"),
    _two("multiply", lambda x, y: x * y, "x * y", "x * y", "x * y"),
    _two("divide", lambda x, y: x / y, "x / y", "x / y", "x / y", 0.5, 2.5),
    _two("power", power, "torch.pow(x, y)", "tf.pow(x, y)", "jnp.power(x, y)", 0.5, 2.5),
    _two("maximum", maximum, "torch.maximum(x, y)", "tf.maximum(x, y)", "jnp.maximum(x, y)"),
    _two("minimum", minimum, "torch.minimum(x, y)", "tf.minimum(x, y)", "jnp.minimum(x, y)"),
    _two("hypotenuse", hypotenuse, "torch.hypot(x, y)", "keras.ops.hypot(x, y)", "jnp.hypot(x, y)", 0.5, 2.5),
    Case(
        name="between",
        inputs={"x": real("N, C"), "y": real("N, C"), "w": real("N, C", 0, 1)},
        reference=between,
        code={"pytorch": "torch.lerp(x, y, w)", "jax": "x + w * (y - x)", "tensorflow": "x + w * (y - x)"},
        sizes={"N": (2, 33), "C": (2, 6, 130)},
        roundings=2,
    ),
)
