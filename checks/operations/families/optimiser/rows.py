"""Steps on a table of which each example takes a row, some rows more than once.

TensorFlow hands the slope of a table on row by row, a row that was taken twice as two; a step is that of their sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from checks.operations.case import Case, real, whole
from checks.operations.families.optimiser.rules import adam, rms, sgd
from checks.operations.families.optimiser.texts import BETAS, KERAS_BETAS, OPTAX_BETAS, stepped
from checks.operations.functions import scatter

_INPUTS = {"w": real("R, C", gradient=False), "g": real("S, N, C", gradient=False), "t": whole("N", "R")}
_SIZES = {"R": (5, 9), "C": (2, 3), "N": (7, 12), "S": (2, 4)}
_TORCH = (
    "p = nn.Parameter(w.clone())\n"
    "opt = torch.optim.{call}\n"
    "for row in g:\n"
    "    opt.zero_grad()\n"
    "    (F.embedding(t, p) * row).sum().backward()\n"
    "    opt.step()\n"
    "return p.detach()"
)
_KERAS = (
    "v = keras.Variable(w)\n"
    "opt = keras.optimizers.{call}\n"
    "for row in tf.unstack(g):\n"
    "    opt.apply_gradients([(tf.IndexedSlices(row, t, tf.constant(w.shape)), v)])  # as tf.gather's slope\n"
    "return v.value"
)
_JAX = (
    "opt = optax.{call}\n"
    "state = opt.init(w)\n"
    "for row in g:\n"
    "    slope = jax.grad(lambda table: (table[t] * row).sum())(w)\n"
    "    step, state = opt.update(slope, state, w)\n"
    "    w = optax.apply_updates(w, step)\n"
    "return w"
)


def _taken(rule: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda w, g, t: rule(w, [scatter(rows, t, w.shape) for rows in g])


def _case(name: str, rule: Callable[[Any, Any], Any], torch: str = "", keras: str = "", optax: str = "") -> Case:
    texts = {"torch_form": _TORCH, "keras_form": _KERAS, "optax_form": _JAX}
    return stepped(f"{name}_rows", _taken(rule), torch, keras, optax, inputs=_INPUTS, sizes=_SIZES, **texts)


CASES = (
    _case("sgd", sgd, "SGD([p], 2.0**-4)", "SGD(2.0**-4)", "sgd(2.0**-4)"),
    _case("adam", adam, f"Adam([p], 2.0**-4, {BETAS})", "", f"adam(2.0**-4, {OPTAX_BETAS})"),
    _case("adam_keras", lambda w, g: adam(w, g, inside=True), "", f"Adam(2.0**-4, {KERAS_BETAS})"),
    _case(
        "rms_keras",
        lambda w, g: rms(w, g, inside=True),
        "",
        "RMSprop(2.0**-4, 0.96875, epsilon=2.0**-10)",
        "rmsprop(2.0**-4, 0.96875, 2.0**-10)",
    ),
)
