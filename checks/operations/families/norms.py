"""Normalisation: batch, layer (also at a large mean), group, instance and RMS, with and without weights.

Bound: n roundings per mean (Higham 2002, section 4.2), carried through the variance and the root to first order; at a
large mean it grows with mean / deviation, as the subtraction of the rounded mean does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, real, truth
from checks.operations.functions import constant, sqrt

EPSILON = 2.0**-10


def normalise(x: Any, axis: Any) -> Any:
    """Return (x - mean) / √(variance + ε) along `axis`."""
    apart = x - x.mean(axis, keepdims=True)
    return apart / sqrt((apart * apart).mean(axis, keepdims=True) + EPSILON)


def layer(x: Any, w: Any, b: Any) -> Any:
    """Return layer normalisation over the last axis."""
    return normalise(x, -1) * w + b


def layer_two(x: Any, w: Any, b: Any) -> Any:
    """Return layer normalisation over the last two axes."""
    return normalise(x, (-2, -1)) * w + b


def bare(x: Any) -> Any:
    """Return layer normalisation without weights."""
    return normalise(x, -1)


def root_mean_square(x: Any, w: Any) -> Any:
    """Return x / √(mean of squares + ε) times w."""
    return x / sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w


def group(x: Any, w: Any, b: Any, G: int) -> Any:  # noqa: N803 - the size's name
    """Return group normalisation of (n, channels, …): each group of channels over itself and all places."""
    rows, channels, *places = x.shape
    made = normalise(x.reshape(rows, G, -1), -1).reshape(rows, channels, *places)
    one = (1, channels) + (1,) * len(places)
    return made * w.reshape(one) + b.reshape(one)


def instance(x: Any, w: Any, b: Any) -> Any:
    """Return instance normalisation: each channel of each row over its places."""
    return group(x, w, b, x.shape[1])


def scaled(x: Any, m: Any, v: Any, w: Any, b: Any) -> Any:
    """Return x·s + (b - m·s) with s = w / √(v + ε), as kernels compute batch normalisation."""
    s = w / sqrt(v + EPSILON)
    return x * s + (b - m * s)


def batch(x: Any, w: Any, b: Any) -> Any:
    """Return batch normalisation in training, and the running mean and variance (unbiased) after one step of 1/4."""
    axes = (0, *range(2, x.ndim))
    one = (1, -1) + (1,) * (x.ndim - 2)
    mean = x.mean(axes)
    apart = x - mean.reshape(one)
    variance = (apart * apart).mean(axes)
    count = x.size // x.shape[1]
    made = scaled(x, mean.reshape(one), variance.reshape(one), w.reshape(one), b.reshape(one))
    return made, 0.25 * constant(mean), 0.75 + 0.25 * constant(variance) * (count / (count - 1))


def batch_forward(x: Any, w: Any, b: Any) -> Any:
    """Return batch normalisation in training alone."""
    return batch(x, w, b)[0]


def batch_last(x: Any, w: Any, b: Any) -> Any:
    """Return batch normalisation in training with the channels last, and both moving averages after 1/4."""
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    apart = x - mean
    variance = (apart * apart).mean(axes)
    return scaled(x, mean, variance, w, b), 0.25 * constant(mean), 0.75 + 0.25 * constant(variance)


def batch_masked(x: Any, k: Any, w: Any, b: Any) -> Any:
    """Return batch normalisation in training, channels last, by what the mask keeps; of row 0 all."""
    kept = np.broadcast_to((k | (np.arange(len(k)) == 0)[:, None])[:, :, None], x.shape[:3])
    mean = x[kept].mean(0)
    apart = x[kept] - mean
    return scaled(x, mean, (apart * apart).mean(0), w, b)


def batch_evaluated(x: Any, w: Any, b: Any, m: Any, v: Any) -> Any:
    """Return batch normalisation by given statistics."""
    one = (1, -1) + (1,) * (x.ndim - 2)
    return scaled(x, *(of.reshape(one) for of in (m, v, w, b)))


def batch_evaluated_last(x: Any, w: Any, b: Any, m: Any, v: Any) -> Any:
    """Return batch normalisation by given statistics, channels last."""
    return scaled(x, m, v, w, b)


_WB = {"w": real("C", 0, 2), "b": real("C")}
_LAYER = {
    "pytorch": "F.layer_norm(x, (C,), w, b, 2.0**-10)",
    "tensorflow": "layer = keras.layers.LayerNormalization(epsilon=2.0**-10)\n"
    "layer.build(x.shape)\n"
    "return layer.stateless_call([w, b], [], x)[0]",
    "jax": "nn.standardize(x, -1, epsilon=2.0**-10) * w + b",
}
_TRAINED = (
    "m, v = torch.zeros(C, device=x.device, dtype=x.dtype), torch.ones(C, device=x.device, dtype=x.dtype)\n"
    "y = F.batch_norm(x, m, v, w, b, True, 0.25, 2.0**-10)\n"
    "return y, m, v"
)
_TRAINED_KERAS = (
    "layer = keras.layers.BatchNormalization(momentum=0.75, epsilon=2.0**-10)\n"
    "layer.build(x.shape)\n"
    "y, (m, v) = layer.stateless_call([w, b], layer.non_trainable_variables, x, training=True)\n"
    "return y, m, v"
)
_TRAINED_JAX = (
    "axes = tuple(range(x.ndim - 1))\n"
    "m, v = x.mean(axes), x.var(axes)\n"
    "return (x - m) * lax.rsqrt(v + 2.0**-10) * w + b, 0.25 * m, 0.75 + 0.25 * v"
)
_GROUP_LAST = (
    "layer = keras.layers.GroupNormalization(G, epsilon=2.0**-10)\n"
    "layer.build((None, *(S,) * (len(x.shape) - 2), C))\n"
    "order = (0, *range(2, len(x.shape)), 1)\n"
    "back = (0, len(x.shape) - 1, *range(1, len(x.shape) - 1))\n"
    "return tf.transpose(layer.stateless_call([w, b], [], tf.transpose(x, order))[0], back)"
)
_NO_GROUPS = "written with means and variances, as layer"
_OWN_LAYOUT = "batch_last: channels stand last there"
_ROWS = "N, C, S, S"


def _batch(name: str, shape: str, **sizes: Any) -> Case:
    return Case(
        name=name,
        inputs={"x": real(shape, -2, 2), **_WB},
        reference=batch,
        code={"pytorch": _TRAINED},
        absent=dict.fromkeys(("tensorflow", "jax"), _OWN_LAYOUT),
        sizes={"N": (2, 3, 7), "C": (1, 3, 8), "S": (2, 5), **sizes},
        quick=name == "batch_2d",
    )


def _layer(name: str, shape: str, low: float, high: float, quick: bool = False, **sizes: Any) -> Case:
    return Case(
        name=name, inputs={"x": real(shape, low, high), **_WB}, reference=layer, code=_LAYER, sizes=sizes, quick=quick
    )


CASES = (
    _layer("layer", "N, C", -2, 2, quick=True, N=(1, 3, 17), C=(2, 5, 64, 300)),
    _layer("layer_rank3", "N, T, C", -2, 2, N=(1, 3), T=(1, 6), C=(5, 33)),
    Case(
        name="layer_large_mean",
        inputs={"x": real("N, C", 1023, 1025), **_WB},
        reference=layer,
        # jax.nn.standardize takes the variance as mean of squares less squared mean, and says that this cancels
        code=_LAYER
        | {"jax": "(x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 2.0**-10) * w + b"},
        sizes={"N": (3, 5), "C": (16, 100)},
    ),
    Case(
        name="layer_without_weights",
        inputs={"x": real("N, C", -2, 2)},
        reference=bare,
        code={
            "pytorch": "F.layer_norm(x, (C,), eps=2.0**-10)",
            "tensorflow": "keras.layers.LayerNormalization(epsilon=2.0**-10, center=False, scale=False)(x)",
            "jax": "nn.standardize(x, -1, epsilon=2.0**-10)",
        },
        sizes={"N": (1, 4), "C": (7, 48)},
        eager_only="Keras makes a layer",
    ),
    Case(
        name="layer_two_axes",
        inputs={"x": real("N, T, C", -2, 2), "w": real("T, C"), "b": real("T, C")},
        reference=layer_two,
        code={
            "pytorch": "F.layer_norm(x, (T, C), w, b, 2.0**-10)",
            "tensorflow": "layer = keras.layers.LayerNormalization(axis=(1, 2), epsilon=2.0**-10)\n"
            "layer.build(x.shape)\n"
            "return layer.stateless_call([w, b], [], x)[0]",
            "jax": "nn.standardize(x, (-2, -1), epsilon=2.0**-10) * w + b",
        },
        sizes={"N": (1, 3), "T": (2, 5), "C": (7, 12)},
    ),
    Case(
        name="root_mean_square",
        inputs={"x": real("N, T, C", -2, 2), "w": real("C")},
        reference=root_mean_square,
        code={
            "pytorch": "F.rms_norm(x, (C,), w, 2.0**-10)",
            "tensorflow": "layer = keras.layers.RMSNormalization(epsilon=2.0**-10)\n"
            "layer.build(x.shape)\n"
            "return layer.stateless_call([w], [], x)[0]",
            "jax": "x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 2.0**-10) * w",
        },
        sizes={"N": (1, 3), "T": (2, 5), "C": (7, 64)},
    ),
    _batch("batch_1d", "N + 2, C"),
    _batch("batch_1d_length", "N, C, S"),
    _batch("batch_2d", "N, C, S, S"),
    _batch("batch_3d", "N, C, S, 2, 2"),
    Case(
        name="batch_channels_last_memory",
        inputs={"x": real("N, C, S, S", -2, 2), **_WB},
        reference=batch_forward,
        code={
            "pytorch": "F.batch_norm(x.to(memory_format=torch.channels_last), None, None, w, b, True, 0.25, 2.0**-10)"
        },
        absent=dict.fromkeys(("tensorflow", "jax"), "memory formats are PyTorch's"),
        sizes={"N": (2, 3), "C": (3, 8), "S": (2, 5)},
    ),
    Case(
        name="batch_last",
        inputs={"x": real("N, S, S, C", -2, 2), **_WB},
        reference=batch_last,
        code={"tensorflow": _TRAINED_KERAS, "jax": _TRAINED_JAX},
        absent={"pytorch": "batch_2d"},
        sizes={"N": (2, 3), "C": (3, 8), "S": (2, 5)},
        eager_only="Keras makes a layer",
        quick=True,
    ),
    Case(
        name="batch_masked",
        inputs={"x": real("N, S, S, C", -2, 2), "k": truth("N, S"), **_WB},
        reference=batch_masked,
        code={
            "tensorflow": "layer = keras.layers.BatchNormalization(epsilon=2.0**-10)\n"
            "layer.build(x.shape)\n"
            "kept = (k | (tf.range(N) == 0)[:, None])[:, :, None]\n"
            "fixed = layer.non_trainable_variables\n"
            "return layer.stateless_call([w, b], fixed, x, training=True, mask=kept)[0]"
        },
        absent=dict.fromkeys(("pytorch", "jax"), "no function of it"),
        sizes={"N": (2, 3), "C": (3, 8), "S": (2, 5)},
        narrow={"tensorflow": "Keras adds 1e-7 to the number of elements that the mask keeps"},
    ),
    Case(
        name="batch_evaluated",
        inputs={"x": real(_ROWS, -2, 2), **_WB, "m": real("C", gradient=False), "v": real("C", 0, 2, gradient=False)},
        reference=batch_evaluated,
        code={"pytorch": "F.batch_norm(x, m, v, w, b, False, 0.25, 2.0**-10)"},
        absent=dict.fromkeys(("tensorflow", "jax"), "batch_evaluated_last"),
        sizes={"N": (1, 3), "C": (3, 8), "S": (2, 5)},
    ),
    Case(
        name="batch_evaluated_last",
        inputs={
            "x": real("N, S, S, C", -2, 2),
            **_WB,
            "m": real("C", gradient=False),
            "v": real("C", 0, 2, gradient=False),
        },
        reference=batch_evaluated_last,
        code={
            "tensorflow": "layer = keras.layers.BatchNormalization(epsilon=2.0**-10)\n"
            "layer.build(x.shape)\n"
            "return layer.stateless_call([w, b], [m, v], x, training=False)[0]",
            "jax": "nn.standardize(x, mean=m, variance=v, epsilon=2.0**-10) * w + b",
        },
        absent={"pytorch": "batch_evaluated"},
        sizes={"N": (1, 3), "C": (3, 8), "S": (2, 5)},
    ),
    *(
        Case(
            name=f"group{'' if dims else '_rank2'}{dims or ''}",
            inputs={"x": real("N, C" + ", S" * dims, -2, 2), **_WB},
            reference=group,
            code={
                "pytorch": "F.group_norm(x, G, w, b, 2.0**-10)",
                "tensorflow": _GROUP_LAST,
            },
            absent={"jax": _NO_GROUPS},
            sizes={"N": (1, 3), "C": (8, 16), "S": (3, 5), "G": (1, 2, 4)},
            quick=dims == 2,
        )
        for dims in (1, 2)
    ),
    *(
        Case(
            name=f"instance_{dims}d",
            inputs={"x": real("N, C" + ", S" * dims, -2, 2), **_WB},
            reference=instance,
            code={"pytorch": "F.instance_norm(x, weight=w, bias=b, eps=2.0**-10)"},
            absent={"jax": _NO_GROUPS, "tensorflow": "a group normalisation with groups of one channel"},
            sizes={"N": (1, 3), "C": (1, 4), "S": (3, 5)},
        )
        for dims in (1, 2, 3)
    ),
)
