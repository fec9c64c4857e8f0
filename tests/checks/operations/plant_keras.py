"""Multiply what each of Keras's layers returns by 0.9, run its case, and print which are missed, as JSON."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

import keras

from checks.common import tensorflow as prepared
from checks.common.job import Job
from checks.operations import tensorflow as engine
from checks.operations.families import families
from checks.operations.run import Step, run_steps

LAYERS = {
    "Dense": "matmul.keras_dense",
    "MultiHeadAttention": "attention.keras_layer",
    "LayerNormalization": "norms.layer",
    "RMSNormalization": "norms.root_mean_square",
    "BatchNormalization": "norms.batch_evaluated_last",
    "GroupNormalization": "norms.group2",
    **{f"Conv{n}D": f"convolution.keras_conv{n}d" for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": f"convolution.keras_conv_transpose{n}d" for n in (1, 2, 3)},
    "DepthwiseConv2D": "convolution.keras_depthwise",
    "SeparableConv2D": "convolution.keras_separable",
    "GRU": "recurrent.keras_gru",
    "LSTM": "recurrent.keras_lstm",
    "SimpleRNN": "recurrent.keras_simple",
    "Bidirectional": "recurrent.keras_both_directions",
    "Embedding": "embedding.keras_layer",
    "PReLU": "elementwise.prelu",
    **{f"MaxPooling{n}D": f"pooling.largest{n}d_last" for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": f"pooling.mean{n}d_last" for n in (1, 2, 3)},
    "GlobalAveragePooling2D": "pooling.global_mean",
    "GlobalMaxPooling2D": "pooling.global_largest",
    "Dropout": "random.dropout_layer",
    "SpatialDropout1D": "random.dropout_channels",
}
JOB = Job(
    check="operations",
    framework="tensorflow",
    device="cpu",
    seed=0,
    round=1,
    profile="full",
    threads=1,
    trace="",
    log="",
)


def outcomes(name: str) -> set[str]:
    """Return how the directions of a case ended; ``raised`` is an error and no find."""
    family, _, short = name.partition(".")
    case = next(one for one in families()[family] if one.name == short)
    found: set[str] = set()
    ignore: Callable[[str], None] = lambda _: None  # noqa: E731
    steps = [Step(family, case, "eager")]
    run_steps(steps, engine, JOB, ignore, lambda item: found.add(_ended(item.fields)))
    return found


def _ended(fields: dict[str, Any]) -> str:
    return "raised" if fields["outcome"] == "failed" and "elements" not in fields else str(fields["outcome"])


def main() -> None:
    """Print {layer: why} of every layer whose factor its case does not find, or that fails without it."""
    prepared.prepare(JOB)
    missed: dict[str, str] = {}
    for name, case in LAYERS.items():
        layer = getattr(keras.layers, name)
        if outcomes(case) != {"passed"}:
            missed[name] = f"{case} fails without it"
            continue
        original = layer.call
        layer.call = _spoilt(original)
        if "failed" not in outcomes(case):
            missed[name] = f"{case} does not find it"
        layer.call = original
    json.dump(missed, sys.stdout)


def _spoilt(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def spoilt(*a: Any, **k: Any) -> Any:
        y = call(*a, **k)
        return (0.9 * y[0], *y[1:]) if isinstance(y, tuple) else 0.9 * y

    return spoilt


if __name__ == "__main__":
    main()
