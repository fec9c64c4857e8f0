"""Keras's own loop: a model compiled and fitted for two epochs or more, with optimisers, weights and callbacks.

Bound: running error analysis of forward pass, gradient and step (Higham 2002, section 3.3), over all batches.
"""

from __future__ import annotations

from typing import Any

from checks.operations.case import Case, real
from checks.operations.functions import constant, minimum, sqrt, stack, tanh

EPSILON = 2.0**-4  # large, so that the error of a gradient is not multiplied from step to step
RATE = 2.0**-4


def forward(x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return the hidden layer and what the model says."""
    hidden = tanh(x @ a + b)
    return hidden, hidden @ c + d


def loss_of(y: Any, t: Any, s: Any) -> Any:
    """Return the mean over the examples, each by its weight, of their mean squared error."""
    each = ((y - t) * (y - t)).mean(1)
    return (each * s).mean()


def slopes(x: Any, t: Any, s: Any, held: Any) -> Any:
    """Return the loss of a batch and its gradients."""
    a, b, c, d = held
    hidden, y = forward(x, a, b, c, d)
    out = (y - t) * s[:, None] * (2.0 / t.size)
    back = (out @ c.T) * (1 - hidden * hidden)
    return loss_of(y, t, s), (x.T @ back, back.sum(0), hidden.T @ out, out.sum(0))


def step(kind: str, w: Any, slope: Any, kept: Any, n: int, rate: float) -> Any:
    """Return a weight after the n-th step, and what the optimiser keeps of it."""
    if kind == "momentum":
        kept = 0.75 * kept + slope
        return w - rate * (slope + 0.75 * kept), kept
    if kind == "adam":
        m, v = kept if n > 1 else (0.0, 0.0)
        m, v = 0.875 * m + 0.125 * slope, 0.96875 * v + 0.03125 * (slope * slope)
        second = (1 - 0.96875**n) ** 0.5
        return w - rate * second / (1 - 0.875**n) * (m / (sqrt(v) + EPSILON)), (m, v)
    if kind == "rms":
        kept = 0.96875 * kept + 0.03125 * (slope * slope)
        return w - rate * (slope / sqrt(kept + EPSILON)), kept
    if kind == "adagrad":
        kept = (kept if n > 1 else 0.5) + slope * slope
        return w - rate * (slope / sqrt(kept + EPSILON)), kept
    return w - rate * slope, kept


def shortened(found: Any) -> Any:
    """Return gradients that together are no longer than 1/8."""
    norm = sqrt(sum((one * one).sum() for one in found))
    return tuple(one * minimum(1.0, 0.125 / norm) for one in found)


def fit(
    x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, s: Any, B: int,  # noqa: N803 - the size's name
    *, kind: str = "plain", rates: Any = (RATE, RATE), every: int = 1, clip: bool = False, mean: bool = False,
) -> Any:  # fmt: skip
    """Return the four weights and the loss of each epoch; `every` batches make one step, from their mean gradient."""
    held, kept, past, average = (a, b, c, d), [0.0] * 4, [], (a, b, c, d)
    batches = steps = 0
    waiting: Any = ()
    for rate in rates:
        total: Any = 0.0
        for first in range(0, len(x), B):
            rows = slice(first, first + B)
            loss, found = slopes(x[rows], t[rows], s[rows], held)
            total = total + loss * float(len(x[rows]))
            waiting = tuple(one + two for one, two in zip(waiting, found, strict=True)) if waiting else found
            batches += 1
            if batches % every:
                continue
            steps, found, waiting = steps + 1, tuple(one / every for one in waiting), ()
            moved = [
                step(kind, w, slope, one, steps, rate)
                for w, slope, one in zip(held, shortened(found) if clip else found, kept, strict=True)
            ]
            held, kept = tuple(w for w, _ in moved), [one for _, one in moved]
            average = tuple(0.75 * o + 0.25 * w if steps > 1 else w for o, w in zip(average, held, strict=True))
        past.append(total / len(x))
    return (*(average if mean else held), stack(past))


def even(x: Any) -> Any:
    """Return a weight of one per example."""
    return constant(x)[:, 0] * 0.0 + 1.0


def plain(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int, kind: str = "plain") -> Any:  # noqa: N803
    """Return a fit by an optimiser."""
    return fit(x, t, a, b, c, d, even(x), B, kind=kind)


def falling(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit whose rate is halved in the second epoch."""
    return fit(x, t, a, b, c, d, even(x), B, rates=(RATE, RATE / 2))


def plateau(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit whose rate is halved after an epoch that did not gain enough: the second."""
    return fit(x, t, a, b, c, d, even(x), B, rates=(RATE, RATE, RATE / 2))


def stopped(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit that stops after the second epoch, the weights as they were after the first, the best."""
    once = fit(x, t, a, b, c, d, even(x), B, rates=(RATE,))
    return (*once[:4], fit(x, t, a, b, c, d, even(x), B)[4])


def accumulated(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit that steps after every second batch."""
    return fit(x, t, a, b, c, d, even(x), B, every=2)


def clipped(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit whose gradients are shortened together."""
    return fit(x, t, a, b, c, d, even(x), B, clip=True)


def averaged(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit that ends with the moving average of the weights."""
    return fit(x, t, a, b, c, d, even(x), B, mean=True)


def validated(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any, B: int) -> Any:  # noqa: N803
    """Return a fit to all but the last three examples, and the loss of those after each epoch."""
    one, two = x[:-3], t[:-3]
    past = []
    for rates in ((RATE,), (RATE, RATE)):
        held = fit(one, two, a, b, c, d, even(one), B, rates=rates)
        past.append(loss_of(forward(x[-3:], *held[:4])[1], t[-3:], even(x[-3:])))
    return (*held, stack(past))


def judged(x: Any, t: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return the loss of an evaluation, and the predictions."""
    y = forward(x, a, b, c, d)[1]
    return loss_of(y, t, even(x)), y


_MODEL = (
    "model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(H, 'tanh'), keras.layers.Dense(O)])\n"
    "model.set_weights([one.numpy() for one in (a, b, c, d)])\n"
    "model.compile(keras.optimizers.{optimiser}, 'mse'{compiled})\n"
)
_FIT = (
    _MODEL + "past = model.fit({data}, epochs={epochs}, shuffle=False, verbose=0{more})\n"
    "return (*model.get_weights(), np.array(past.history['loss']){also})"
)
_SAVED = (
    "import os, tempfile\n"
    + _MODEL
    + "first = model.fit(x.numpy(), t.numpy(), batch_size=B, shuffle=False, verbose=0)\n"
    "with tempfile.TemporaryDirectory() as folder:\n"
    "    model.save(os.path.join(folder, 'model.keras'))\n"
    "    model = keras.models.load_model(os.path.join(folder, 'model.keras'))\n"
    "past = model.fit(x.numpy(), t.numpy(), batch_size=B, shuffle=False, verbose=0)\n"
    "return (*model.get_weights(), np.array(first.history['loss'] + past.history['loss']))"
)
_ARRAYS = "x.numpy(), t.numpy(), batch_size=B"
_OPTIMISERS = {
    "momentum": "SGD(2.0**-4, 0.75, nesterov=True)",
    "adam": "Adam(2.0**-4, 0.875, 0.96875, 2.0**-4)",
    "rms": "RMSprop(2.0**-4, 0.96875, epsilon=2.0**-4)",
    "adagrad": "Adagrad(2.0**-4, 0.5, 2.0**-4)",
}
_INPUTS = {
    "x": real("N, I", gradient=False),
    "t": real("N, O", gradient=False),
    "a": real("I, H", gradient=False),
    "b": real("H", gradient=False),
    "c": real("H, O", gradient=False),
    "d": real("O", gradient=False),
}
_SIZES = {"N": (7, 13), "I": (3, 5), "H": (1, 4), "O": (2, 3), "B": (3, 4)}


def _case(
    name: str, reference: Any, optimiser: str = "SGD(2.0**-4)", text: str = _FIT,
    *, inputs: Any = _INPUTS, sizes: Any = _SIZES, quick: bool = False, **more: Any,
) -> Case:  # fmt: skip
    parts = {"compiled": "", "more": "", "also": "", "data": _ARRAYS, "epochs": 2}
    return Case(
        name=name,
        inputs=inputs,
        reference=reference,
        code={"tensorflow": text.format(optimiser=optimiser, **(parts | more))},
        absent=dict.fromkeys(("pytorch", "jax"), "Keras's loop, which runs on TensorFlow here"),
        sizes=sizes,
        no_gradient="a fit is not differentiated",
        eager_only="Keras compiles its steps itself",
        quick=quick,
        roundings=2,  # as the optimisers have
        narrow={"tensorflow": "Keras computes losses and rates in float32"},
    )


CASES = (
    _case("sgd", plain, quick=True),
    *(
        _case(kind, plain, optimiser, sizes={**_SIZES, "kind": (kind,)})
        for kind, optimiser in _OPTIMISERS.items()
    ),
    _case("without_graph", plain, compiled=", run_eagerly=True"),
    _case("xla", plain, compiled=", jit_compile=True"),
    _case("several_steps_at_once", plain, compiled=", steps_per_execution=2"),
    _case("data_set", plain, data="tf.data.Dataset.from_tensor_slices((x, t)).batch(B)"),
    _case("weighted", fit, more=", sample_weight=s.numpy()",
          inputs={**_INPUTS, "s": real("N", 0, 2, gradient=False)}),
    _case("rate_by_callback", falling,
          more=", callbacks=[keras.callbacks.LearningRateScheduler(lambda n: 2.0**-4 / (1 + n))]"),
    _case("rate_by_plateau", plateau, epochs=3,
          more=", callbacks=[keras.callbacks.ReduceLROnPlateau('loss', 0.5, 1, min_delta=1e3)]"),
    _case("stopped_early", stopped, epochs=4, more=", callbacks=[keras.callbacks.EarlyStopping('loss', 1e3, 1, "
          "restore_best_weights=True)]"),
    _case("accumulated", accumulated, "SGD(2.0**-4, gradient_accumulation_steps=2)"),
    _case("clipped", clipped, "SGD(2.0**-4, global_clipnorm=0.125)"),
    _case("averaged", averaged, "SGD(2.0**-4, use_ema=True, ema_momentum=0.75)"),
    _case("validated", validated, data="x[:-3].numpy(), t[:-3].numpy(), batch_size=B",
          more=", validation_data=(x[-3:].numpy(), t[-3:].numpy())", also=", np.array(past.history['val_loss'])"),
    _case("saved_and_loaded", plain, _OPTIMISERS["adam"], _SAVED, sizes={**_SIZES, "kind": ("adam",)}),
    _case("judged", judged, text=_MODEL + "return np.array(model.evaluate(x.numpy(), t.numpy(), B, verbose=0)), "
          "model.predict(x.numpy(), B, verbose=0)"),
)  # fmt: skip
