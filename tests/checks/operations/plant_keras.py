"""Multiply what each of Keras's layers returns by 0.9, run its case, and print which are missed, as JSON."""

from __future__ import annotations

import json
import sys

from tests.checks.operations.plant import MISSED, Bench

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
PUT = "(0.9 * y[0], *y[1:]) if isinstance(y, tuple) else 0.9 * y"


def main() -> None:
    """Print {layer: why} of every layer whose factor its case does not find, or that fails without it."""
    bench = Bench("tensorflow")
    found = {name: bench.find(case, target=f"keras.layers.{name}.call", put=PUT) for name, case in LAYERS.items()}
    json.dump({name: where for name, where in found.items() if where.startswith(MISSED)}, sys.stdout)


if __name__ == "__main__":
    main()
