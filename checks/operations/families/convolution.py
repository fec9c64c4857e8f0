"""Convolutions of 1, 2 and 3 dimensions and their transposes, with stride, padding, dilation, groups and bias.

Bound: k roundings of the sum of |x||w| over a window (Higham 2002, section 3.5); on a card times 8, and of the largest
element for all, since a Winograd kernel mixes a tile's elements.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from checks.operations.case import Case, real
from checks.operations.functions import concatenate, einsum, pad

PLACES = "xyz"


def windows(x: Any, size: tuple[int, ...], stride: int, dilation: int) -> Any:
    """Return (n, channels, places…, kernel places…): what each output place sees of (n, channels, places…)."""
    index: list[Any] = [slice(None), slice(None)]
    count = len(size)
    for axis, kernel in enumerate(size):
        reach = (kernel - 1) * dilation + 1
        places = (x.shape[2 + axis] - reach) // stride + 1
        at = np.arange(places)[:, None] * stride + np.arange(kernel)[None, :] * dilation
        shape = [1] * (2 * count)
        shape[axis], shape[count + axis] = places, kernel
        index.append(at.reshape(shape))
    return x[tuple(index)]


def convolve(x: Any, w: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
    """Return the cross-correlation of (n, in, places…) with (out, in / groups, kernel…)."""
    dims = x.ndim - 2
    wide = pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * dims)
    seen = windows(wide, w.shape[2:], stride, dilation)
    inside, outside = w.shape[1], w.shape[0] // groups
    out, kernel = "xyz"[:dims], "ijk"[:dims]
    parts = [
        einsum(
            f"nc{out}{kernel},oc{kernel}->no{out}",
            seen[:, g * inside : (g + 1) * inside],
            w[g * outside : (g + 1) * outside],
        )
        for g in range(groups)
    ]
    return concatenate(parts, 1)


def plain(x: Any, w: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
    """Return a convolution without bias."""
    return convolve(x, w, stride, padding, dilation, groups)


def biased(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
    """Return a convolution plus one number per channel of the result."""
    made = convolve(x, w, stride, padding, dilation, groups)
    return made + b.reshape((1, -1) + (1,) * (x.ndim - 2))


def transposed(x: Any, w: Any, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1) -> Any:
    """Return the transpose of a convolution; w is (in, out, kernel…): x spread by `stride`, then correlated."""
    dims = x.ndim - 2
    size = [(n - 1) * stride + 1 for n in x.shape[2:]]
    reach = [(k - 1) * dilation for k in w.shape[2:]]
    spread = x
    for axis, length in enumerate(size):
        spread = _spread(spread, 2 + axis, stride, length)
    border = [(r - padding, r - padding + output_padding) for r in reach]
    wide = pad(spread, [(0, 0), (0, 0), *[(max(0, a), max(0, b)) for a, b in border]])
    cut = tuple(slice(max(0, -a), wide.shape[2 + n] - max(0, -b)) for n, (a, b) in enumerate(border))
    wide = wide[(slice(None), slice(None), *cut)]
    turned = w[(slice(None), slice(None), *[slice(None, None, -1)] * dims)]
    return convolve(wide, turned.transpose(1, 0, *range(2, 2 + dims)), dilation=dilation)


def transposed_biased(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    """Return the transpose of a convolution, the largest of its possible sizes, plus one number per channel."""
    made = transposed(x, w, stride, padding, stride - 1)
    return made + b.reshape((1, -1) + (1,) * (x.ndim - 2))


def _spread(x: Any, axis: int, stride: int, length: int) -> Any:
    """Return x with stride - 1 zeros between its elements along an axis."""
    order = (axis, *(n for n in range(x.ndim) if n != axis))
    back = tuple(int(n) for n in np.argsort(order))
    first = x.transpose(*order)
    rows = first.reshape(first.shape[0], 1, *first.shape[1:])
    wide = pad(rows, [(0, 0), (0, stride - 1)] + [(0, 0)] * (x.ndim - 1))
    flat = wide.reshape(first.shape[0] * stride, *first.shape[1:])
    return flat[:length].transpose(*back)


def valid_last(x: Any, w: Any, stride: int = 1, dilation: int = 1) -> Any:
    """Return a convolution with the channels last: (n, places…, in) with (kernel…, in, out)."""
    dims = x.ndim - 2
    first = x.transpose(0, dims + 1, *range(1, dims + 1))
    kernel = w.transpose(dims + 1, dims, *range(dims))
    return convolve(first, kernel, stride, 0, dilation).transpose(0, *range(2, dims + 2), 1)


def same_last(x: Any, w: Any, stride: int = 1) -> Any:
    """Return a convolution with the channels last whose result has ⌈n / stride⌉ places, padded as TensorFlow does."""
    dims = x.ndim - 2
    widths = [(0, 0)]
    for axis in range(dims):
        size, kernel = x.shape[1 + axis], w.shape[axis]
        total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
        widths.append((total // 2, total - total // 2))
    return valid_last(pad(x, [*widths, (0, 0)]), w, stride)


def depthwise_last(x: Any, w: Any) -> Any:
    """Return each channel with its own kernels (kernel, kernel, in, times)."""
    channels, times = w.shape[2], w.shape[3]
    kernel = w.transpose(2, 3, 0, 1).reshape(channels * times, 1, *w.shape[:2])
    return convolve(x.transpose(0, 3, 1, 2), kernel, groups=channels).transpose(0, 2, 3, 1)


_OPTIONS = {"stride": (1, 2, 3), "padding": (0, 1, 2), "dilation": (1, 2)}
_JAX = (
    "lax.conv_general_dilated(x, w, (stride,) * {d}, [(padding, padding)] * {d}, rhs_dilation=(dilation,) * {d}, "
    "feature_group_count=groups){bias}"
)
_TF = "tf.nn.convolution(x, w, strides=stride, padding='VALID', dilations=dilation)"
_CHANNELS_FIRST = "oneDNN's kernels take the channels last here: valid and same"
_CHANNELS_LAST = "options and channels first"


def _shapes(dims: int) -> tuple[str, str]:
    return "N, G * I" + ", S" * dims, "G * O, I" + ", K" * dims


def _options(dims: int, with_bias: bool) -> Case:
    x, w = _shapes(dims)
    x, w = x.replace("G", "groups"), w.replace("G", "groups")
    name = f"conv{dims}d_options{'_bias' if with_bias else ''}"
    bias = f" + b.reshape((1, -1{', 1' * dims}))" if with_bias else ""
    return Case(
        name=name,
        inputs={"x": real(x), "w": real(w)} | ({"b": real("groups * O")} if with_bias else {}),
        reference=biased if with_bias else plain,
        code={
            "pytorch": f"F.conv{dims}d(x, w, {'b' if with_bias else 'None'}, stride, padding, dilation, groups)",
            "jax": _JAX.format(d=dims, bias=bias),
        },
        absent={"tensorflow": _CHANNELS_FIRST},
        sizes={
            "N": (1, 2, 3),
            "I": (1, 2, 5),
            "O": (1, 3, 4),
            "S": (9, 12, 16) if dims < 3 else (6, 7),
            "K": (1, 2, 3, 4) if dims < 3 else (1, 2, 3),
            "groups": (1, 1, 2, 3),
            **_OPTIONS,
        },
        quick=dims == 2 and with_bias,
    )


def _last(dims: int, same: bool) -> Case:
    sizes = {"N": (1, 2), "I": (1, 3, 8), "O": (1, 4, 8), "S": (7, 10), "K": (1, 2, 3), "stride": (1, 2)}
    spec = ("NWC", "WIO", "NWC"), ("NHWC", "HWIO", "NHWC"), ("NDHWC", "DHWIO", "NDHWC")
    form = "SAME" if same else "VALID"
    return Case(
        name=f"conv{dims}d_{form.lower()}",
        inputs={"x": real("N" + ", S" * dims + ", I"), "w": real("K, " * dims + "I, O")},
        reference=same_last if same else valid_last,
        code={
            # tf.nn.convolution of three dimensions cannot be differentiated eagerly: it passes no data format on
            "tensorflow": f"tf.nn.convolution(x, w, strides=stride, padding='{form}')"
            if dims < 3
            else f"tf.nn.conv3d(x, w, (1, stride, stride, stride, 1), '{form}')",
            "jax": f"lax.conv_general_dilated(x, w, (stride,) * {dims}, '{form}', dimension_numbers={spec[dims - 1]})",
        },
        absent={"pytorch": _CHANNELS_LAST},
        sizes=sizes,
        quick=dims == 2 and same,
    )


def _transposed(dims: int, with_bias: bool) -> Case:
    inputs = {"x": real("N, I" + ", S" * dims), "w": real("I, O" + ", K" * dims)}
    bias = {"b": real("O")} if with_bias else {}
    plain_options = "None, stride, padding, output_padding, 1, dilation"
    options = "b, stride, padding, output_padding=stride - 1" if with_bias else plain_options
    return Case(
        name=f"conv_transpose{dims}d{'_bias' if with_bias else ''}",
        inputs=inputs | bias,
        reference=transposed_biased if with_bias else transposed,
        code={"pytorch": f"F.conv_transpose{dims}d(x, w, {options})"},
        absent={"tensorflow": f"keras_conv_transpose{dims}d", "jax": "conv_general_dilated with a dilated input"},
        sizes={
            "N": (1, 2),
            "I": (1, 3),
            "O": (1, 4),
            "S": (2, 4, 5) if dims < 3 else (2, 3),  # one place, less its padding, would be none
            "K": (2, 3, 4),
            "stride": (2, 3),
            "padding": (0, 1),
            **({} if with_bias else {"output_padding": (0, 1), "dilation": (1, 2)}),
        },
    )


def keras_transposed(x: Any, w: Any, b: Any, stride: int) -> Any:
    """Return Keras's transpose without padding: (n, places…, in) with (kernel…, out, in)."""
    dims = x.ndim - 2
    first = x.transpose(0, dims + 1, *range(1, dims + 1))
    kernel = w.transpose(dims + 1, dims, *range(dims))
    extra = max(0, stride - w.shape[0])
    made = transposed(first, kernel, stride)
    if extra:
        made = pad(made, [(0, 0), (0, 0)] + [(0, extra)] * dims)
    return made.transpose(0, *range(2, dims + 2), 1) + b


def keras_convolution(x: Any, w: Any, b: Any, stride: int, dilation: int, groups: int) -> Any:
    """Return Keras's layer: (n, places…, in) with (kernel…, in / groups, out), no padding."""
    dims = x.ndim - 2
    first = x.transpose(0, dims + 1, *range(1, dims + 1))
    kernel = w.transpose(dims + 1, dims, *range(dims))
    return convolve(first, kernel, stride, 0, dilation, groups).transpose(0, *range(2, dims + 2), 1) + b


def keras_separable(x: Any, d: Any, p: Any, b: Any) -> Any:
    """Return a depthwise convolution, then one of single places."""
    return valid_last(depthwise_last(x, d), p) + b


def keras_depthwise(x: Any, d: Any, b: Any) -> Any:
    """Return a depthwise convolution."""
    return depthwise_last(x, d) + b


_LAYERS = {"pytorch": "one of Keras's layers", "jax": "one of Keras's layers"}


def _keras(dims: int) -> tuple[Case, Case]:
    sizes = {"N": (1, 2), "I": (1, 3), "O": (1, 4), "S": (4, 6), "K": (1, 2, 3)}
    layer = "layer.build(x.shape)\nreturn layer.stateless_call([w, b], [], x)[0]"
    return (
        Case(
            name=f"keras_conv{dims}d",
            inputs={
                "x": real("N" + ", S" * dims + ", groups * I"),
                "w": real("K, " * dims + "I, groups * O"),
                "b": real("groups * O"),
            },
            reference=keras_convolution,
            code={
                "tensorflow": f"layer = keras.layers.Conv{dims}D(groups * O, K, strides=stride, "
                f"dilation_rate=dilation, groups=groups)\n{layer}"
            },
            absent=_LAYERS,
            # TensorFlow refuses a stride beside a dilation, and its CPU kernels refuse groups' gradients in 3D
            sizes={**sizes, "stride": (1, 2), "dilation": (1,), "groups": (1, 2) if dims < 3 else (1,)},
        ),
        Case(
            name=f"keras_conv_transpose{dims}d",
            inputs={"x": real("N" + ", S" * dims + ", I"), "w": real("K, " * dims + "O, I"), "b": real("O")},
            reference=keras_transposed,
            code={"tensorflow": f"layer = keras.layers.Conv{dims}DTranspose(O, K, strides=stride)\n{layer}"},
            absent=_LAYERS,
            sizes={**sizes, "stride": (1, 2, 3)},
        ),
    )


_CASES = (
    *(_options(dims, bias) for dims, bias in itertools.product((1, 2, 3), (False, True))),
    *(_last(dims, same) for dims, same in itertools.product((1, 2, 3), (False, True))),
    *(_transposed(dims, bias) for dims, bias in itertools.product((1, 2, 3), (False, True))),
    *itertools.chain(*(_keras(dims) for dims in (1, 2, 3))),
    Case(
        name="dilated_last",
        inputs={"x": real("N, S, S, I"), "w": real("K, K, I, O")},
        reference=valid_last,
        code={"tensorflow": _TF},
        absent={"pytorch": _CHANNELS_LAST, "jax": _CHANNELS_LAST},
        sizes={"N": (1, 2), "I": (1, 3), "O": (1, 4), "S": (9, 12), "K": (2, 3), "dilation": (2, 3), "stride": (1,)},
    ),
    Case(
        name="depthwise",
        inputs={"x": real("N, S, S, I"), "w": real("K, K, I, M")},
        reference=depthwise_last,
        code={
            "tensorflow": "tf.nn.depthwise_conv2d(x, w, (1, 1, 1, 1), 'VALID')",
            "jax": "lax.conv_general_dilated(x, w.reshape(K, K, 1, I * M), (1, 1), 'VALID', "
            "dimension_numbers=('NHWC', 'HWIO', 'NHWC'), feature_group_count=I)",
        },
        absent={"pytorch": "options with groups"},
        sizes={"N": (1, 2), "I": (1, 3), "M": (1, 2), "S": (5, 8), "K": (2, 3)},
    ),
    Case(
        name="keras_depthwise",
        inputs={"x": real("N, S, S, I"), "d": real("K, K, I, M"), "b": real("I * M")},
        reference=keras_depthwise,
        code={
            "tensorflow": "layer = keras.layers.DepthwiseConv2D(K, depth_multiplier=M)\n"
            "layer.build(x.shape)\n"
            "return layer.stateless_call([d, b], [], x)[0]"
        },
        absent=_LAYERS,
        sizes={"N": (1, 2), "I": (1, 3), "M": (1, 2), "S": (5, 8), "K": (2, 3)},
    ),
    Case(
        name="keras_separable",
        inputs={"x": real("N, S, S, I"), "d": real("K, K, I, M"), "p": real("1, 1, I * M, O"), "b": real("O")},
        reference=keras_separable,
        code={
            "tensorflow": "layer = keras.layers.SeparableConv2D(O, K, depth_multiplier=M)\n"
            "layer.build(x.shape)\n"
            "return layer.stateless_call([d, p, b], [], x)[0]"
        },
        absent=_LAYERS,
        sizes={"N": (1, 2), "I": (1, 3), "M": (1, 2), "O": (1, 4), "S": (5, 8), "K": (2, 3)},
    ),
    Case(
        # one weight, few channels and a stride: oneDNN gathers the places first (oneDNN#6035)
        name="pointwise_strided",
        inputs={"x": real("N, S, S, I"), "w": real("1, 1, I, O")},
        reference=valid_last,
        code={
            "pytorch": "F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), stride=stride).permute(0, 2, 3, 1)",
            "tensorflow": "tf.nn.convolution(x, w, strides=stride, padding='VALID')",
            "jax": "lax.conv_general_dilated(x, w, (stride,) * 2, 'VALID', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))",
        },
        sizes={"N": (8, 16), "I": (3, 4), "O": (8,), "S": (16, 32), "stride": (2, 3)},
    ),
    Case(
        name="channels_last_memory",
        inputs={"x": real("N, I, S, S"), "w": real("O, I, K, K"), "b": real("O")},
        reference=biased,
        code={"pytorch": "F.conv2d(x.to(memory_format=torch.channels_last), w, b, stride, padding)"},
        absent=dict.fromkeys(("tensorflow", "jax"), "memory formats are PyTorch's"),
        sizes={"N": (1, 2), "I": (3, 8), "O": (4, 16), "S": (7, 12), "K": (1, 3), "stride": (1, 2), "padding": (0, 1)},
    ),
)
CASES = tuple(replace(case, tiled=True) for case in _CASES)
