"""Letters of a text: a transformer as encoder and as causal language model, and attention by every kernel there is.

Letters (n, t) + places → two blocks, each x + attention(norm(x)) and then x + mlp(norm(x)) → norm → linear → scores per
letter. The encoder sees the whole line except its padding and guesses hidden letters; the language model sees what came
before and guesses what comes next, so right padding needs no mask. Cross-entropy from logits, mean over the places that
are asked for; SGD with momentum.

What frameworks write differently is settled so: epsilon of layer normalisation 1e-5 (Keras has 1e-3), inside the root;
GELU by the error function, not by tanh (JAX's own); scores over √(features of a head); query, key, value and output
have biases; the drawn start replaces every initialiser; there is no dropout.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import permutation, uniform
from checks.common.half_precision import OVERFLOWING, check_kept, check_overflow
from checks.common.job import FAINT
from checks.common.sway import twins_of, unit
from checks.transformer.attention import Kernel, prove_attention
from checks.transformer.invariants import check_encoder, check_knowledge, check_language_model, check_overfit
from checks.transformer.maps import record_maps
from checks.transformer.text import LETTERS, LONGEST, Batch, Integers, ask_hidden, ask_next, read_lines

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

WIDTH, HEADS, INNER, BLOCKS, BATCH = 64, 2, 128, 2, 4
LEARNING_RATE, MOMENTUM = 0.125, 0.875  # both exact in binary
STEPS = {"quick": 40, "full": 400}
PARITY_STEPS = 40  # later on training amplifies a rounding like any chaotic system

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float64]]


class Model(Protocol):
    """What a backend implements; arrays go in and come out in the layout that `draw_weights` states."""

    def __init__(self, weights: Weights, job: Job, *, causal: bool) -> None: ...
    def load(self, weights: Weights) -> None:
        """Start again from `weights`, with nothing left in the optimiser."""

    def layers(self, letters: Integers) -> dict[str, Array]:
        """Return what each layer gives (n, t, …), front to back: embedded, attention 1, mlp 1, …, norm, logits."""

    def influence(self, letters: Integers, place: int) -> Array:
        """Return the gradient of the sum of all scores at `place` on the embedded letters (n, t, 64)."""

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        """Return loss and the gradients of this `part` of it; nothing moves."""

    def step(self, batch: Batch) -> float:
        """Make one step of SGD with momentum; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""


class Backend(Protocol):
    """A backend's module."""

    Model: type[Model]

    def kernels(self, job: Job) -> list[Kernel]:
        """Return every way the framework has to compute attention."""


class Plan(NamedTuple):
    """The drawn start, and the lines in the drawn order."""

    seed: int
    weights: Weights
    lines: list[Integers]

    def batch(self, step: int, *, causal: bool) -> Batch:
        """Return the batch of `step`: the next four lines, round and round."""
        chosen = [self.lines[(step * BATCH + row) % len(self.lines)] for row in range(BATCH)]
        return ask_next(chosen) if causal else ask_hidden(chosen, self.seed, f"hidden {step}")


def costed(job: Job) -> Costed:
    """Return what `cost` trains: the language model."""
    plan = draw_plan(job.seed)
    batch = plan.batch(0, causal=True)

    def train(backend: Backend, weights: Weights) -> Trained:
        model = backend.Model(weights, job, causal=True)
        return Trained(lambda _: model.step(batch), model.weights)

    return Costed(plan.weights, train)


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Prove attention alone, then both models: the first step in full, the invariants, and training.

    A quick run does not train the encoder: it has the language model's layers, loss and optimiser.
    """
    if job.precision not in {"bf16", "fp16"}:  # every kernel is asked in half precision too, wherever the rest runs
        prove_attention(backend, job, record)
    plan = draw_plan(job.seed)
    for title, causal in (("encoder", False), ("language model", True)):
        model = backend.Model(plan.weights, job, causal=causal)
        record_first_step(title, model, plan.batch(0, causal=causal), record)
        (check_language_model if causal else check_encoder)(model, plan, job, record)
        if causal or job.profile == "full":
            model.load(plan.weights)
            train(title, model, plan, STEPS[job.profile], record, causal=causal)
            if causal:
                check_knowledge(model, plan, record)
                record_maps(model, HEADS, record)
                check_kept(model.weights()["1.mlp.up.weight"], record)
            check_overfit(title, model, plan, plan.batch(0, causal=causal), record)
    if job.precision == "fp16":
        model.load(plan.weights | {"output.weight": OVERFLOWING * plan.weights["output.weight"]})
        check_overflow(model, plan.batch(0, causal=True), record)


def draw_plan(seed: int) -> Plan:
    """Draw the weights and the order of the lines."""
    lines = read_lines()
    return Plan(seed, draw_weights(seed), [lines[place] for place in permutation(seed, "lines", len(lines))])


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout all models use: ``weight`` (out, in); query, key, value and scale, shift stacked."""
    shapes: dict[str, tuple[int, ...]] = {"letters": (LETTERS, WIDTH), "places": (LONGEST, WIDTH)}
    for block in range(1, BLOCKS + 1):
        shapes |= {
            f"{block}.attention.norm": (2, WIDTH),
            f"{block}.attention.input.weight": (3, WIDTH, WIDTH),
            f"{block}.attention.input.bias": (3, WIDTH),
            f"{block}.attention.output.weight": (WIDTH, WIDTH),
            f"{block}.attention.output.bias": (WIDTH,),
            f"{block}.mlp.norm": (2, WIDTH),
            f"{block}.mlp.up.weight": (INNER, WIDTH),
            f"{block}.mlp.up.bias": (INNER,),
            f"{block}.mlp.down.weight": (WIDTH, INNER),
            f"{block}.mlp.down.bias": (WIDTH,),
        }
    shapes |= {"norm": (2, WIDTH), "output.weight": (LETTERS, WIDTH), "output.bias": (LETTERS,)}
    weights = {name: uniform(seed, name, shape, 0.25) for name, shape in shapes.items()}
    for name, weight in weights.items():
        if name.endswith("norm"):
            weight[0] += 1  # scale
    return weights | {name: 4 * weights[name] for name in ("letters", "places")}


def record_first_step(title: str, model: Model, batch: Batch, record: Recorder) -> None:
    """Record what the first batch gives, front to back, before anything is learned."""
    record.tensor("exact", f"{title}: letters", batch.letters)
    record.tensor("exact", f"{title}: targets", batch.targets)
    twins = twins_of(model)
    layers = [twin.layers(batch.letters) for twin in twins]
    for name, value in model.layers(batch.letters).items():
        record.tensor("forward", f"{title}: {name}", value, unit=unit(value, [one[name] for one in layers]))
    loss, gradients = model.gradients(batch)
    swayed = [twin.gradients(batch) for twin in twins]
    record.tensor("loss", f"{title}: loss", loss, unit=unit(loss, [one for one, _ in swayed]))
    units = {name: unit(gradient, [theirs[name] for _, theirs in swayed]) for name, gradient in gradients.items()}
    for name, gradient in reversed(gradients.items()):  # output layer first: the order of backpropagation
        record.tensor("gradient", f"{title}: gradient of {name}", gradient, unit=units[name])
    _, faint = model.gradients(batch, FAINT)
    record.tensor("gradient", f"{title}: faint gradient of letters", faint["letters"], unit=FAINT * units["letters"])


def train(title: str, model: Model, plan: Plan, steps: int, record: Recorder, *, causal: bool) -> None:
    """Record every loss, the weights where parity ends, and the speed of the second half."""
    letters = 0
    for step in range(1, steps + 1):
        if step == steps // 2 + 1:
            halfway = time.perf_counter()
        batch = plan.batch(step, causal=causal)
        letters += batch.letters.size if step > steps // 2 else 0
        record.tensor("loss" if step <= PARITY_STEPS else "later", f"{title}: loss", model.step(batch), step)
        if step == PARITY_STEPS:
            record.tensors("weight", model.weights(), step, f"{title}: ")
        record.progress(step, steps)
    if causal:
        record.measure("letters per second", letters / (time.perf_counter() - halfway))
