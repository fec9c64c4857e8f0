"""Recurrent networks: RNN, LSTM and GRU with layers, both directions, given and returned states, short and long.

Bound: that of each step's products (Higham 2002, section 3.5), carried along the steps to first order.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.operations import case
from checks.operations.case import Case, Input, real
from checks.operations.functions import concatenate, maximum, sigmoid, stack, tanh, where

_MOST = {"long": 0.125, "wide": 0.0625}
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def gru_cell(x: Any, h: Any, wi: Any, wh: Any, bi: Any, bh: Any) -> Any:
    """Return the next state; gates stand as reset, update, candidate, the candidate's bias inside the reset."""
    a, b = x @ wi.T + bi, h @ wh.T + bh
    n = h.shape[1]
    r, z = sigmoid(a[:, :n] + b[:, :n]), sigmoid(a[:, n : 2 * n] + b[:, n : 2 * n])
    return (1 - z) * tanh(a[:, 2 * n :] + r * b[:, 2 * n :]) + z * h


def lstm_cell(x: Any, h: Any, c: Any, wi: Any, wh: Any, bi: Any, bh: Any) -> Any:
    """Return the next state and cell; gates stand as input, forget, cell, output."""
    a = x @ wi.T + bi + h @ wh.T + bh
    n = c.shape[1]
    c = sigmoid(a[:, n : 2 * n]) * c + sigmoid(a[:, :n]) * tanh(a[:, 2 * n : 3 * n])
    return sigmoid(a[:, 3 * n :]) * tanh(c), c


def along(steps: Any, first: Any, step: Any, lengths: Any = None, backwards: bool = False) -> Any:
    """Return the states of every step and the last ones; a row beyond its length keeps its state and gives zeros."""
    count = steps.shape[1]
    states: Any = first
    given: list[Any] = [None] * count
    for t in range(count - 1, -1, -1) if backwards else range(count):
        fresh = step(steps[:, t], *states)
        if lengths is None:
            states, given[t] = fresh, fresh[0]
        else:
            live = (np.asarray(lengths) > t)[:, None]
            states = tuple(where(live, new, old) for new, old in zip(fresh, states, strict=True))
            given[t] = where(live, fresh[0], 0.0)
    return stack(given, 1), states


def network(x: Any, starts: Any, weights: Any, make: Any, layers: int, directions: int, lengths: Any = None) -> Any:
    """Return the outputs of the last layer, and each kind of state of every layer and direction."""
    each = len(weights) // (layers * directions)
    last: list[Any] = []
    for layer in range(layers):
        sides = []
        for way in range(directions):
            n = layer * directions + way
            step = make(*weights[n * each : (n + 1) * each])
            given, states = along(x, tuple(start[n] for start in starts), step, lengths, way == 1)
            sides.append(given)
            last.append(states)
        x = concatenate(sides, 2)
    return x, *(stack([states[kind] for states in last]) for kind in range(len(last[0])))


def gru(x: Any, h: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return outputs and last states of a GRU, batch first."""
    return network(x, [h], weights, lambda *w: lambda x, h: (gru_cell(x, h, *w),), layers, directions)


def lstm(x: Any, h: Any, c: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return outputs, last states and last cells of an LSTM, batch first."""
    return network(x, [h, c], weights, lambda *w: lambda x, h, c: lstm_cell(x, h, c, *w), layers, directions)


def rnn(x: Any, h: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return outputs and last states of a network of tanh, batch first."""
    return network(
        x,
        [h],
        weights,
        lambda wi, wh, bi, bh: lambda x, h: (tanh(x @ wi.T + bi + h @ wh.T + bh),),
        layers,
        directions,
    )


def rnn_relu(x: Any, h: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return the same with a rectifier."""
    return network(
        x,
        [h],
        weights,
        lambda wi, wh, bi, bh: lambda x, h: (maximum(x @ wi.T + bi + h @ wh.T + bh, 0.0),),
        layers,
        directions,
    )


def without_bias(x: Any, h: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return a GRU that has no biases."""
    return network(x, [h], weights, lambda wi, wh: lambda x, h: (gru_cell(x, h, wi, wh, 0.0, 0.0),), layers, directions)


def without_start(x: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return a GRU that starts at zero."""
    h = np.zeros((layers * directions, x.shape[0], weights[1].shape[1]))
    return gru(x, h, *weights, layers=layers, directions=directions)


def packed(x: Any, h: Any, *weights: Any, layers: int, directions: int, lengths: Any) -> Any:
    """Return a GRU over rows of several lengths."""
    make = lambda *w: lambda x, h: (gru_cell(x, h, *w),)  # noqa: E731 - as above
    return network(x, [h], weights, make, layers, directions, lengths)


def time_first(x: Any, h: Any, *weights: Any, layers: int, directions: int) -> Any:
    """Return a GRU with time as the first axis."""
    y, last = gru(x.transpose(1, 0, 2), h, *weights, layers=layers, directions=directions)
    return y.transpose(1, 0, 2), last


def projected(x: Any, h: Any, c: Any, *weights: Any) -> Any:
    """Return an LSTM whose state is projected to fewer numbers at every step."""

    def step(x: Any, h: Any, c: Any) -> Any:
        wide, c = lstm_cell(x, h, c, *weights[:4])
        return wide @ weights[4].T, c

    y, (h, c) = along(x, (h[0], c[0]), step)
    return y, h.reshape(1, *h.shape), c.reshape(1, *c.shape)


def keras_gru(x: Any, w: Any, u: Any, b: Any) -> Any:
    """Return all states of Keras's GRU: gates update, reset, candidate; two rows of biases."""
    n = u.shape[0]
    order = np.concatenate([np.arange(n, 2 * n), np.arange(n), np.arange(2 * n, 3 * n)])
    wi, wh, bi, bh = w[:, order].T, u[:, order].T, b[0, order], b[1, order]
    return along(x, (np.zeros((x.shape[0], n)),), lambda x, h: (gru_cell(x, h, wi, wh, bi, bh),))[0]


def keras_lstm(x: Any, w: Any, u: Any, b: Any) -> Any:
    """Return all states of Keras's LSTM."""
    zero = np.zeros((x.shape[0], u.shape[0]))
    return along(x, (zero, zero), lambda x, h, c: lstm_cell(x, h, c, w.T, u.T, b, 0.0))[0]


def keras_lstm_last(x: Any, w: Any, u: Any, b: Any) -> Any:
    """Return the last state of Keras's LSTM."""
    return keras_lstm(x, w, u, b)[:, -1]


def keras_rnn(x: Any, w: Any, u: Any, b: Any) -> Any:
    """Return all states of Keras's simple network."""
    zero = np.zeros((x.shape[0], u.shape[0]))
    return along(x, (zero,), lambda x, h: (tanh(x @ w + h @ u + b),))[0]


def keras_both(x: Any, w: Any, u: Any, b: Any, *back: Any) -> Any:
    """Return both directions of Keras's GRU, side by side."""
    turned = keras_gru(x[:, ::-1], *back)[:, ::-1]
    return concatenate([keras_gru(x, w, u, b), turned], 2)


def _weights(kind: str, layers: int, directions: int, bias: bool = True, most: float = 0.5) -> dict[str, Input]:
    """Return the weights by PyTorch's names, of magnitude up to `most`: larger ones make long runs chaotic."""
    rows, found = GATES[kind], {}

    def real(shape: str) -> Input:
        return case.real(shape, -most, most)

    for layer, way in itertools.product(range(layers), range(directions)):
        end = f"_l{layer}{'_reverse' if way else ''}"
        found[f"weight_ih{end}"] = real(f"{rows} * H, {'I' if layer == 0 else f'{directions} * H'}")
        found[f"weight_hh{end}"] = real(f"{rows} * H, H")
        if bias:
            found |= {f"bias_ih{end}": real(f"{rows} * H"), f"bias_hh{end}": real(f"{rows} * H")}
    return found


def _module(kind: str, weights: Mapping[str, Input], options: str, call: str) -> str:
    text = f"m = nn.{kind}(I, H, layers, bidirectional=directions == 2, {options}device=x.device, dtype=x.dtype)\n"
    return text + "".join(f"m.{name} = {name}\n" for name in weights) + call


_STATE = real("layers * directions, B, H")
_NO_LAYERS = {"tensorflow": "Keras's layers have cases of their own", "jax": "JAX has no layers; scan is"}
_CALLS = {"LSTM": "y, (h, c) = m(x, (h0, c0))\nreturn y, h, c", "GRU": "return m(x, h0)", "RNN": "return m(x, h0)"}


def _case(
    name: str,
    kind: str,
    reference: Any,
    layers: int,
    directions: int,
    options: str = "",
    quick: bool = False,
    **sizes: Any,
) -> Case:
    weights = _weights(kind, layers, directions, most=_MOST.get(name.partition("_")[2], 0.5))
    states = {"h0": _STATE} | ({"c0": _STATE} if kind == "LSTM" else {})
    return Case(
        name=name,
        inputs={"x": real("B, T, I"), **states, **weights},
        reference=reference,
        code={"pytorch": _module(kind, weights, f"{options}batch_first=True, ", _CALLS[kind])},
        absent=_NO_LAYERS,
        sizes={"layers": (layers,), "directions": (directions,)}
        | {"B": (1, 3), "T": (2, 5, 9), "I": (3, 7), "H": (3, 5, 8)}
        | sizes,
        eager_only="it makes a module",
        quick=quick,
    )


_GRU = _weights("GRU", 1, 1)
_KERAS = (
    "layer = keras.layers.{layer}\n"
    "layer.build(x.shape)\n"
    "return layer.stateless_call([{given}], layer.non_trainable_variables, x)[0]"
)


def _keras(name: str, layer: str, reference: Any, rows: int, bias: str, **sizes: Any) -> Case:
    return Case(
        name=name,
        inputs={
            "x": real("B, T, I"),
            "w": real(f"I, {rows} * H", -0.25, 0.25),
            "u": real(f"H, {rows} * H", -0.25, 0.25),
            "b": real(bias, -0.25, 0.25),
        },
        reference=reference,
        code={"tensorflow": _KERAS.format(layer=layer, given="w, u, b")},
        absent={"pytorch": "a layer of Keras", "jax": "a layer of Keras"},
        sizes={"B": (1, 3), "T": (1, 4, 9), "I": (3, 7), "H": (3, 5, 8)} | sizes,
        quick=name == "keras_gru",
    )


CASES = (
    *(
        _case(
            f"{kind.lower()}_{layers}_layers_{ways}_directions",
            kind,
            reference,
            layers,
            ways,
            quick=layers == ways == 2,
        )
        for kind, reference in (("GRU", gru), ("LSTM", lstm), ("RNN", rnn))
        for layers, ways in ((1, 1), (2, 1), (1, 2), (2, 2))
    ),
    *(
        _case(f"{kind.lower()}_{name}", kind, reference, 1, 1, T=length, H=(3, 7, 12))
        for kind, reference in (("GRU", gru), ("LSTM", lstm), ("RNN", rnn))
        for name, length in (("one_step", (1,)), ("long", (65, 80)))
    ),
    *(
        _case(f"{kind.lower()}_wide", kind, reference, 1, 1, H=(9, 33, 70), I=(5, 40))
        for kind, reference in (("GRU", gru), ("LSTM", lstm), ("RNN", rnn))
    ),
    _case("rnn_relu", "RNN", rnn_relu, 1, 1, "nonlinearity='relu', "),
    Case(
        name="gru_time_first",
        inputs={"x": real("T, B, I"), "h0": _STATE, **_GRU},
        reference=time_first,
        code={"pytorch": _module("GRU", _GRU, "", "return m(x, h0)")},
        absent=_NO_LAYERS,
        sizes={"layers": (1,), "directions": (1,), "B": (1, 3), "T": (1, 6), "I": (3, 7), "H": (3, 5)},
        eager_only="it makes a module",
    ),
    Case(
        name="gru_from_zero",
        inputs={"x": real("B, T, I"), **_GRU},
        reference=without_start,
        code={"pytorch": _module("GRU", _GRU, "batch_first=True, ", "return m(x)")},
        absent=_NO_LAYERS,
        sizes={"layers": (1,), "directions": (1,), "B": (1, 3), "T": (1, 6), "I": (3, 7), "H": (3, 5)},
        eager_only="it makes a module",
    ),
    Case(
        name="gru_without_bias",
        inputs={"x": real("B, T, I"), "h0": _STATE, **_weights("GRU", 1, 1, bias=False)},
        reference=without_bias,
        code={
            "pytorch": _module(
                "GRU", _weights("GRU", 1, 1, bias=False), "batch_first=True, bias=False, ", "return m(x, h0)"
            )
        },
        absent=_NO_LAYERS,
        sizes={"layers": (1,), "directions": (1,), "B": (1, 3), "T": (1, 6), "I": (3, 7), "H": (3, 5)},
        eager_only="it makes a module",
    ),
    Case(
        name="gru_packed",
        inputs={"x": real("4, 6, I"), "h0": real("directions, 4, H"), **_weights("GRU", 1, 2)},
        reference=packed,
        code={
            "pytorch": _module(
                "GRU",
                _weights("GRU", 1, 2),
                "batch_first=True, ",
                "given = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)\n"
                "y, h = m(given, h0)\n"
                "return nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=6)[0], h",
            )
        },
        absent=_NO_LAYERS,
        sizes={
            "layers": (1,),
            "directions": (2,),
            "lengths": ((6, 3, 1, 5), (2, 6, 4, 4), (1, 1, 6, 2)),
            "I": (3, 7),
            "H": (3, 5),
        },
        eager_only="it makes a module",
    ),
    Case(
        name="lstm_projected",
        inputs={
            "x": real("B, T, I"),
            "h0": real("1, B, P"),
            "c0": real("1, B, H"),
            "weight_ih_l0": real("4 * H, I"),
            "weight_hh_l0": real("4 * H, P"),
            "bias_ih_l0": real("4 * H"),
            "bias_hh_l0": real("4 * H"),
            "weight_hr_l0": real("P, H"),
        },
        reference=projected,
        code={
            "pytorch": "m = nn.LSTM(I, H, proj_size=P, batch_first=True, device=x.device, dtype=x.dtype)\n"
            "m.weight_ih_l0, m.weight_hh_l0, m.weight_hr_l0 = weight_ih_l0, weight_hh_l0, weight_hr_l0\n"
            "m.bias_ih_l0, m.bias_hh_l0 = bias_ih_l0, bias_hh_l0\n"
            "y, (h, c) = m(x, (h0, c0))\n"
            "return y, h, c"
        },
        absent=_NO_LAYERS,
        sizes={"B": (1, 3), "T": (1, 6), "I": (3, 7), "H": (5, 8), "P": (2, 3)},
        eager_only="it makes a module",
    ),
    Case(
        name="gru_scan",
        inputs={"x": real("B, T, I"), "h": real("1, B, H"), **_GRU},
        reference=gru,
        code={
            "jax": "def step(h, x):\n"
            "    a, b = x @ weight_ih_l0.T + bias_ih_l0, h @ weight_hh_l0.T + bias_hh_l0\n"
            "    r, z = nn.sigmoid(a[:, :H] + b[:, :H]), nn.sigmoid(a[:, H:2 * H] + b[:, H:2 * H])\n"
            "    h = (1 - z) * jnp.tanh(a[:, 2 * H:] + r * b[:, 2 * H:]) + z * h\n"
            "    return h, h\n"
            "last, y = lax.scan(step, h[0], jnp.swapaxes(x, 0, 1))\n"
            "return jnp.swapaxes(y, 0, 1), last[None]"
        },
        absent={"pytorch": "a loop by lax.scan", "tensorflow": "a loop by lax.scan"},
        sizes={"layers": (1,), "directions": (1,), "B": (1, 3), "T": (1, 6, 66), "I": (3, 7), "H": (3, 5)},
        quick=True,
    ),
    Case(
        name="lstm_scan",
        inputs={"x": real("B, T, I"), "h": real("1, B, H"), "c": real("1, B, H"), **_weights("LSTM", 1, 1)},
        reference=lstm,
        code={
            "jax": "def step(state, x):\n"
            "    h, c = state\n"
            "    a = x @ weight_ih_l0.T + bias_ih_l0 + h @ weight_hh_l0.T + bias_hh_l0\n"
            "    i, f, g, o = jnp.split(a, 4, 1)\n"
            "    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)\n"
            "    h = nn.sigmoid(o) * jnp.tanh(c)\n"
            "    return (h, c), h\n"
            "(last, cell), y = lax.scan(step, (h[0], c[0]), jnp.swapaxes(x, 0, 1))\n"
            "return jnp.swapaxes(y, 0, 1), last[None], cell[None]"
        },
        absent={"pytorch": "a loop by lax.scan", "tensorflow": "a loop by lax.scan"},
        sizes={"layers": (1,), "directions": (1,), "B": (1, 3), "T": (1, 6, 66), "I": (3, 7), "H": (3, 5)},
    ),
    _keras("keras_gru", "GRU(H, return_sequences=True)", keras_gru, 3, "2, 3 * H"),
    _keras("keras_lstm", "LSTM(H, return_sequences=True)", keras_lstm, 4, "4 * H"),
    _keras("keras_lstm_long", "LSTM(H, return_sequences=True)", keras_lstm, 4, "4 * H", T=(65, 80)),
    _keras("keras_lstm_last", "LSTM(H, unroll=True)", keras_lstm_last, 4, "4 * H"),
    _keras("keras_simple", "SimpleRNN(H, return_sequences=True)", keras_rnn, 1, "H"),
    Case(
        name="keras_both_directions",
        inputs={"x": real("B, T, I")}
        | {
            f"{name}{end}": real(shape)
            for end in ("", "2")
            for name, shape in (("w", "I, 3 * H"), ("u", "H, 3 * H"), ("b", "2, 3 * H"))
        },
        reference=keras_both,
        code={
            "tensorflow": _KERAS.format(
                layer="Bidirectional(keras.layers.GRU(H, return_sequences=True))", given="w, u, b, w2, u2, b2"
            )
        },
        absent={"pytorch": "a layer of Keras", "jax": "a layer of Keras"},
        sizes={"B": (1, 3), "T": (1, 5), "I": (3, 7), "H": (3, 5)},
    ),
)
