"""Interpolation: resizing, smoothed or not, sampling by a grid or at places, exchanging channels and places.

Bound: running error analysis of the weighted sums (Higham 2002, section 3.3); a weight is known within the rounding of
the place that it is computed from, in multiples of the size (`resampling.py`). What each framework takes for the place
of an output, for the cubic's constant and for what lies outside is stated there and in `grids.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.case import Case, distinct, real
from checks.operations.families.interpolation.grids import (
    affine,
    bicubic,
    bilinear,
    nearest,
    sampled,
    trilinear,
)
from checks.operations.families.interpolation.resampling import overlaps, resample
from checks.operations.functions import einsum


def along(x: Any, pairs: Any, aligned: bool, kernel: str = "linear", smooth: bool = False) -> Any:
    """Return x resized along its last axes as PyTorch does."""
    return resample(x, pairs, kernel, aligned, smooth, not smooth)


def one(x: Any, P: Any, aligned: bool) -> Any:  # noqa: N803 - the sizes' names
    """Return rows resized linearly."""
    return along(x, [P], aligned)


def two(x: Any, P: Any, Q: Any, aligned: bool) -> Any:  # noqa: N803
    """Return images resized linearly."""
    return along(x, [P, Q], aligned)


def three(x: Any, P: Any, Q: Any, R: Any, aligned: bool) -> Any:  # noqa: N803
    """Return volumes resized linearly."""
    return along(x, [P, Q, R], aligned)


def cubic(x: Any, P: Any, Q: Any, aligned: bool) -> Any:  # noqa: N803
    """Return images resized by cubics as PyTorch has them."""
    return along(x, [P, Q], aligned, "steep")


def smoothed(x: Any, P: Any, Q: Any, mode: str) -> Any:  # noqa: N803
    """Return images smoothed and resized."""
    return along(x, [P, Q], False, {"bilinear": "linear", "bicubic": "cubic"}[mode], True)


def doubled(x: Any) -> Any:
    """Return images of twice the size."""
    return along(x, [(size, 2 * size) for size in x.shape[2:]], False)


def first(function: Any, x: Any) -> Any:
    """Return what a function of (n, c, h, w) makes of (n, h, w, c)."""
    return function(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)


def last_linear(x: Any, P: Any, Q: Any = None) -> Any:  # noqa: N803
    """Return images, channels last, resized linearly."""
    return first(lambda y: resample(y, [P, Q or P], "linear"), x)


def last_cubic(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return images, channels last, resized by cubics."""
    return first(lambda y: resample(y, [P, Q], "cubic"), x)


def last_smoothed(x: Any, P: Any, Q: Any, kernel: str) -> Any:  # noqa: N803
    """Return images, channels last, smoothed and resized."""
    return first(lambda y: resample(y, [P, Q], kernel, smooth=True), x)


def last_area(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return the mean of what each output covers, channels last."""
    made = einsum("zh,nhwc->nzwc", overlaps(*P), x)
    return einsum("zw,nhwc->nhzc", overlaps(*Q), made)


def below(pair: Any) -> Any:
    """Return the inputs at or before each output's place, first cells aligned."""
    size, count = pair
    return np.arange(count) * size // count


def centred(pair: Any) -> Any:
    """Return the inputs nearest to each output's centre."""
    size, count = pair
    return (2 * np.arange(count) + 1) * size // (2 * count)


def copied(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return copies of the elements before each place."""
    return x[:, :, below(P)][:, :, :, below(Q)]


def copied_exactly(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return copies of the elements nearest to each place."""
    return x[:, :, centred(P)][:, :, :, centred(Q)]


def copied_last(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return copies of the elements nearest to each place, channels last."""
    return x[:, centred(P)][:, :, centred(Q)]


def mean_of_windows(x: Any, P: Any, Q: Any) -> Any:  # noqa: N803
    """Return the mean of the inputs from ⌊iS/O⌋ to ⌈(i+1)S/O⌉ on both axes."""
    return einsum("yh,nchw->ncyw", windows(*P), einsum("zw,nchw->nchz", windows(*Q), x))


def windows(size: int, count: int) -> Any:
    """Return the weights of those means."""
    made = np.zeros((count, size))
    for i in range(count):
        made[i, i * size // count : -(-(i + 1) * size // count)] = 1
    return made / made.sum(1, keepdims=True)


def repeated(x: Any, r: int) -> Any:
    """Return images, channels last, with every element r times in both directions."""
    return x[:, np.repeat(np.arange(x.shape[1]), r)][:, :, np.repeat(np.arange(x.shape[2]), r)]


def enlarged(x: Any, r: int) -> Any:
    """Return images, channels last, of r times the size."""
    return first(lambda y: resample(y, [(size, r * size) for size in y.shape[2:]], "linear"), x)


def shuffled(x: Any, r: int) -> Any:
    """Return (n, c, hr, wr) of (n, c·r², h, w): channels of a group become a square."""
    n, c, h, w = x.shape
    made = x.reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
    return made.reshape(n, c // r**2, h * r, w * r)


def unshuffled(x: Any, r: int) -> Any:
    """Return (n, c·r², h, w) of (n, c, hr, wr)."""
    n, c, h, w = x.shape
    made = x.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4)
    return made.reshape(n, c * r**2, h // r, w // r)


def shuffled_last(x: Any, r: int) -> Any:
    """Return (n, hr, wr, c) of (n, h, w, r²·c): the channels of a square stand one after another."""
    n, h, w, c = x.shape
    made = x.reshape(n, h, w, r, r, c // r**2).transpose(0, 1, 3, 2, 4, 5)
    return made.reshape(n, h * r, w * r, c // r**2)


def unshuffled_last(x: Any, r: int) -> Any:
    """Return (n, h, w, r²·c) of (n, hr, wr, c)."""
    n, h, w, c = x.shape
    made = x.reshape(n, h // r, r, w // r, r, c).transpose(0, 1, 3, 2, 4, 5)
    return made.reshape(n, h // r, w // r, c * r**2)


_PAIRS = ((5, 7), (7, 3), (4, 8), (6, 6), (1, 4), (9, 2))
_BY_TWO = ((4, 8), (3, 6), (8, 4), (6, 6), (3, 12))
"""What TensorFlow's cubic can have exactly: it looks weights up in a table of 1,024 places between two inputs."""
_COPIED = ((5, 7), (7, 3), (4, 8), (8, 4), (13, 8), (6, 3))
"""No other place than the first falls on the edge of an input, so that no rounding decides between two."""
_TWO = {"N": (1, 2), "C": (1, 3), "P": _PAIRS, "Q": _PAIRS[1:]}
_ALIGNED = {"aligned": (False, True)}
_FIRST = "options and channels first"
_LAST = "channels first there"
_NARROW = {"tensorflow": "tf.image.resize gives float32, whatever it is given"}
_TORCH = "F.interpolate(x, {size}, mode='{mode}', align_corners=aligned)"
_TF = "tf.image.resize(x, (P[1], Q[1]), '{method}'{more})"
_TF_SMOOTHED = "tf.image.resize(tf.cast(x, tf.float32), (P[1], Q[1]), '{method}', antialias=True)"
"""Its gradient raises a TypeError where the image is float64."""
_JAX = "jax.image.resize(x, (N, P[1], Q[1], C), '{method}', antialias={smooth})"


def _torch(name: str, reference: Any, shape: str, code: str, sizes: Any, drawn: Any = real, **more: Any) -> Case:
    return Case(
        name=name,
        inputs={"x": drawn(shape)},
        reference=reference,
        code={"pytorch": code},
        absent={"tensorflow": more.pop("tensorflow", _FIRST), "jax": more.pop("jax", _FIRST)},
        sizes=sizes,
        **more,
    )


def _last(name: str, reference: Any, tf: str, jax: str, sizes: Any = _TWO, drawn: Any = real, **more: Any) -> Case:
    code = {"tensorflow": tf, "jax": jax}
    return Case(
        name=name,
        inputs={"x": drawn("N, P[0], Q[0], C")},
        reference=reference,
        code={framework: text for framework, text in code.items() if text},
        absent={"pytorch": _LAST} | ({} if jax else {"jax": "no method of it"}),
        sizes=sizes,
        **more,
    )


_GRID = {"x": real("N, C, H, W"), "g": real("N, P, Q, 2", -2.0, 2.0)}
_GRID_SIZES = {"N": (1, 2), "C": (1, 3), "H": (1, 4, 7), "W": (2, 5, 6), "P": (1, 4, 9), "Q": (3, 5)}
_SAMPLE = "F.grid_sample(x, g, mode='{mode}', padding_mode={padding}, align_corners=aligned)"
_NO_GRIDS = {"tensorflow": "no function of it; sampled_beyond has places", "jax": "sampled_beyond has places"}


def _grid(name: str, reference: Any, mode: str, padding: str, **more: Any) -> Case:
    return Case(
        name=name,
        inputs=more.pop("inputs", _GRID),
        reference=reference,
        code={"pytorch": _SAMPLE.format(mode=mode, padding=padding)},
        absent=_NO_GRIDS,
        sizes={**_GRID_SIZES, **more.pop("sizes", _ALIGNED)},
        **more,
    )


def _sampled(beyond: str) -> Case:
    return Case(
        name=f"sampled_{beyond}",
        inputs={"x": real("H, W"), "r": real("N", -8, 8), "c": real("N", -8, 8)},
        reference=sampled,
        code={
            "tensorflow": "keras.ops.image.map_coordinates(x, tf.stack([r, c]), 1, beyond)",
            "jax": "jax.scipy.ndimage.map_coordinates(x, [r, c], 1, beyond)",
        },
        absent={"pytorch": "grid_sample"},
        sizes={"H": (3, 4, 5), "W": (2, 4, 7), "N": (5, 20), "beyond": (beyond,)},
    )


CASES = (
    _torch("linear", one, "N, C, P[0]", _TORCH.format(size="P[1]", mode="linear"),
           {"N": (1, 2), "C": (1, 3), "P": _PAIRS, **_ALIGNED}),
    _torch("bilinear", two, "N, C, P[0], Q[0]", _TORCH.format(size="(P[1], Q[1])", mode="bilinear"),
           {**_TWO, **_ALIGNED}, quick=True),
    _torch("trilinear", three, "N, C, P[0], Q[0], R[0]", _TORCH.format(size="(P[1], Q[1], R[1])", mode="trilinear"),
           {**_TWO, "R": _PAIRS, **_ALIGNED}),
    _torch("bicubic", cubic, "N, C, P[0], Q[0]", _TORCH.format(size="(P[1], Q[1])", mode="bicubic"),
           {**_TWO, **_ALIGNED}),
    _torch("smoothed", smoothed, "N, C, P[0], Q[0]", "F.interpolate(x, (P[1], Q[1]), mode=mode, antialias=True)",
           {**_TWO, "mode": ("bilinear", "bicubic")}),
    _torch("doubled", doubled, "N, C, H, W", "F.interpolate(x, scale_factor=2, mode='bilinear')",
           {"N": (1, 2), "C": (1, 3), "H": (1, 5), "W": (2, 7)}),
    _torch("nearest", copied, "N, C, P[0], Q[0]", "F.interpolate(x, (P[1], Q[1]), mode='nearest')",
           {**_TWO, "P": _COPIED, "Q": _COPIED}, distinct),
    _torch("nearest_exact", copied_exactly, "N, C, P[0], Q[0]",
           "F.interpolate(x, (P[1], Q[1]), mode='nearest-exact')", {**_TWO, "P": _COPIED, "Q": _COPIED}, distinct),
    _torch("area", mean_of_windows, "N, C, P[0], Q[0]", "F.interpolate(x, (P[1], Q[1]), mode='area')", _TWO),
    _last("bilinear_last", last_linear, _TF.format(method="bilinear", more=""),
          _JAX.format(method="linear", smooth=False), quick=True, narrow=_NARROW),
    Case(
        name="bilinear_enlarged_xla",
        inputs={"x": real("N, P[0], P[0], C")},
        reference=last_linear,
        code={"tensorflow": "tf.image.resize(x, (P[1], P[1]))"},
        absent=dict.fromkeys(("pytorch", "jax"), "bilinear_last; TensorFlow's XLA alone is known to differ"),
        sizes={"N": (1,), "C": (1, 3), "P": ((8, 24), (5, 33), (16, 48))},
        modes=("xla",),
        narrow=_NARROW,
    ),
    _last("bicubic_last", last_cubic, _TF.format(method="bicubic", more=""),
          _JAX.format(method="cubic", smooth=False), {**_TWO, "P": _BY_TWO, "Q": _BY_TWO}, narrow=_NARROW),
    _last("smoothed_linear_last", last_smoothed, _TF_SMOOTHED.format(method="bilinear"),
          _JAX.format(method="linear", smooth=True), {**_TWO, "kernel": ("linear",)}, narrow=_NARROW),
    _last("smoothed_cubic_last", last_smoothed, _TF_SMOOTHED.format(method="bicubic"),
          _JAX.format(method="cubic", smooth=True), {**_TWO, "kernel": ("cubic",)}, narrow=_NARROW),
    _last("smoothed_lanczos_last", last_smoothed, _TF_SMOOTHED.format(method="lanczos3"),
          _JAX.format(method="lanczos3", smooth=True), {**_TWO, "kernel": ("lanczos",)}, narrow=_NARROW),
    _last("nearest_last", copied_last, _TF.format(method="nearest", more=""),
          _JAX.format(method="nearest", smooth=False), {**_TWO, "P": _COPIED, "Q": _COPIED}, distinct),
    _last("area_last", last_area, _TF.format(method="area", more=""), "", narrow=_NARROW,
          no_gradient="ResizeArea has no gradient"),
    *(
        Case(
            name=f"keras_upsampling_{name}",
            inputs={"x": real("N, H, W, C")},
            reference=reference,
            code={"tensorflow": f"keras.layers.UpSampling2D(r, interpolation='{kind}')(x)"},
            absent=dict.fromkeys(("pytorch", "jax"), "one of Keras's layers"),
            sizes={"N": (1, 2), "C": (1, 3), "H": (1, 5), "W": (2, 7), "r": (2, 3)},
            narrow=narrow,
        )
        for name, kind, reference, narrow in (
            ("nearest", "nearest", repeated, {}), ("linear", "bilinear", enlarged, _NARROW)
        )
    ),
    _grid("grid_zeros", bilinear, "bilinear", "'zeros'", quick=True),
    _grid("grid", bilinear, "bilinear", "padding", sizes={**_ALIGNED, "padding": ("border", "reflection")}),
    _grid("grid_nearest", nearest, "nearest", "padding",
          sizes={**_ALIGNED, "padding": ("zeros", "border", "reflection")}),
    _grid("grid_bicubic", bicubic, "bicubic", "'zeros'"),
    _grid("grid_of_volume", trilinear, "bilinear", "'zeros'",
          inputs={"x": real("N, C, D, H, W"), "g": real("N, O, P, Q, 3", -2, 2)},
          sizes={"aligned": (False,), "D": (2, 3), "O": (1, 3)}),
    Case(
        name="grid_affine",
        inputs={"t": real("N, 2, 3")},
        reference=affine,
        code={"pytorch": "F.affine_grid(t, (N, 1, H, W), align_corners=aligned)"},
        absent=dict.fromkeys(("tensorflow", "jax"), "no function of it"),
        sizes={"N": (1, 3), "H": (2, 5), "W": (3, 7), **_ALIGNED},
        roundings=4,  # the places themselves are rounded, and may be summed as a product of three terms
    ),
    *map(_sampled, ("constant", "nearest", "wrap")),
    _torch("pixel_shuffle", shuffled, "N, C * r**2, H, W", "F.pixel_shuffle(x, r)",
           {"N": (1, 2), "C": (1, 3), "H": (1, 4), "W": (3, 5), "r": (2, 3)}, tensorflow="depth_to_space",
           jax="a reshape there"),
    _torch("pixel_unshuffle", unshuffled, "N, C, H * r, W * r", "F.pixel_unshuffle(x, r)",
           {"N": (1, 2), "C": (1, 3), "H": (1, 4), "W": (3, 5), "r": (2, 3)}, tensorflow="space_to_depth",
           jax="a reshape there"),
    *(
        Case(
            name=name,
            inputs={"x": real(shape)},
            reference=reference,
            code={"tensorflow": f"tf.nn.{name}(x, r)"},
            absent={"pytorch": torch, "jax": "a reshape there"},
            sizes={"N": (1, 2), "C": (1, 3), "H": (1, 4), "W": (3, 5), "r": (2, 3)},
        )
        for name, shape, reference, torch in (
            ("depth_to_space", "N, H, W, C * r**2", shuffled_last, "pixel_shuffle"),
            ("space_to_depth", "N, H * r, W * r, C", unshuffled_last, "pixel_unshuffle"),
        )
    ),
)  # fmt: skip
