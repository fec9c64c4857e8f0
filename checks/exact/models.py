"""The three models, written once over the operators that arrays of every framework have.

`ops` brings what they do not share: ``product`` (a matrix product that is recorded), ``grid`` (round to multiples of
2^-6 and cut off), ``transpose`` and ``constant``. Weights are matrices (inputs, results); a batch has `WIDTH` rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

WIDTH, LETTERS = 16, 6


class Ops(Protocol):
    """What a framework's arrays do not have as an operator."""

    def product(self, left: Any, right: Any) -> Any:
        """Return the matrix product, and record it."""

    def grid(self, value: Any, low: float, high: float) -> Any:
        """Return `value` rounded half to even to multiples of 2^-6 in [low, high]; slopes pass inside, rounded too."""

    def transpose(self, value: Any) -> Any:
        """Return the transposed matrix."""

    def constant(self, value: Any) -> Any:
        """Return a NumPy array as the framework's own, without slope."""


class Model(NamedTuple):
    """How a model computes its (WIDTH, WIDTH) results, and the shape of its inputs."""

    forward: Callable[[Ops, dict[str, Any], Any], Any]
    inputs: tuple[int, ...]


def mlp(ops: Ops, weights: dict[str, Any], x: Any) -> Any:
    """Two layers with a ReLU between."""
    hidden = ops.grid(ops.product(x, weights["mlp.first"]), 0, 2)
    return ops.grid(ops.product(hidden, weights["mlp.second"]), -2, 2)


def gru(ops: Ops, weights: dict[str, Any], sequence: Any) -> Any:
    """Run a GRU over six letters with hard gates: clamp(x / 4 + 1/2) for the sigmoid, clamp(x) for tanh."""
    state = ops.constant(np.zeros((WIDTH, WIDTH)))
    for place in range(LETTERS):
        letter = sequence[place]
        reset, update = (
            ops.grid(
                (ops.product(letter, weights[f"gru.{gate}.input"]) + ops.product(state, weights[f"gru.{gate}.state"]))
                * 0.25
                + 0.5,
                0,
                1,
            )
            for gate in ("reset", "update")
        )
        recalled = ops.grid(ops.product(state, weights["gru.candidate.state"]), -2, 2)
        candidate = ops.grid(ops.product(letter, weights["gru.candidate.input"]) + reset * recalled, -1, 1)
        state = ops.grid(candidate + update * (state - candidate), -2, 2)
    return state


def attention(ops: Ops, weights: dict[str, Any], x: Any) -> Any:
    """Causal self-attention with ReLU scores over power-of-two scales, and a residual."""
    query, key, value = (
        ops.grid(ops.product(x, weights[f"attention.{name}"]), -2, 2) for name in ("query", "key", "value")
    )
    causal = ops.constant(np.tril(np.ones((WIDTH, WIDTH))))
    scores = ops.grid(ops.product(query, ops.transpose(key)) * 0.25, 0, 2) * causal
    mixed = ops.grid(ops.product(scores, value) * 0.25, -2, 2)
    return ops.grid(x + ops.product(mixed, weights["attention.out"]), -2, 2)


MODELS = {
    "mlp": Model(mlp, (WIDTH, WIDTH)),
    "gru": Model(gru, (LETTERS, WIDTH, WIDTH)),
    "attention": Model(attention, (WIDTH, WIDTH)),
}
_GRU = [f"gru.{gate}.{side}" for gate in ("reset", "update", "candidate") for side in ("input", "state")]
_NAMES = {
    "mlp": ["mlp.first", "mlp.second"],
    "gru": _GRU,
    "attention": ["attention.query", "attention.key", "attention.value", "attention.out"],
}
SHAPES = {model: dict.fromkeys(names, (WIDTH, WIDTH)) for model, names in _NAMES.items()}
