"""Replies that are generated, told from real ones, ranked and learned from: a writer, a judge, a crowd, and a loop.

A causal *writer* proposes replies letter by letter; a *judge* tells them from real lines; a *crowd* predicts their
votes; the reply with the highest sum of both wins, and the writer is tuned on the best half. Real are the lines of
`checks.transformer`; a reply gets as many votes as it has vowels among its letters, which nobody tells the crowd.

Letters (n, t) → embedding + places (32) → x + attention(x), 2 heads, causal, no biases → linear: scores per letter;
cross-entropy, mean over the letters that are asked for; SGD with momentum. Judge and crowd are a linear layer each, on
the mean of a reply's hidden states, with logistic and squared loss, mean over the replies.

The first step is recorded in the precision of the run. The loop is computed in float64 whatever that is: otherwise
roundings would decide which letter is drawn, once in some hundred replies. Ties of equal scores go to the lower letter,
as in `tf.math.top_k` and `jax.lax.top_k`; in PyTorch only a stable sort promises it (`torch.topk` does not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import permutation, uniform
from checks.common.sway import twins_of, unit
from checks.generate.decoding import prove_decoding
from checks.generate.loop import prove_loop
from checks.transformer.text import LETTERS, LONGEST, Batch, Integers, ask_next, read_lines

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

WIDTH, HEADS, ROWS = 32, 2, 4
LEARNING_RATE, MOMENTUM = 0.25, 0.875  # both exact in binary

Array = NDArray[np.floating]
Weights = dict[str, NDArray[np.float64]]
Kind = Literal["judge", "crowd"]
HEAD_RATE: dict[Kind, float] = {"judge": 0.5, "crowd": 2.0**-5}
"""Squared loss has twice the largest eigenvalue of the features, some 10, as its curvature: 2^-3 may diverge."""


class Writer(Protocol):
    """What a backend implements; `wide` computes in float64."""

    def __init__(self, weights: Weights, job: Job, *, wide: bool) -> None: ...
    def hidden(self, letters: Integers) -> Array:
        """Return the hidden states (n, t, 32)."""

    def scores(self, letters: Integers) -> Array:
        """Return the scores per letter (n, t, letters)."""

    def gradients(self, batch: Batch) -> tuple[float, dict[str, Array]]:
        """Return loss and gradients; nothing moves."""

    def step(self, batch: Batch) -> float:
        """Make one step; return the loss before it."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""

    def begin(self) -> None:
        """Empty the cache of keys and values."""

    def next(self, letters: Integers) -> Array:
        """Take one more letter (n,) of each reply and return the scores of what follows (n, letters)."""

    def reorder(self, rows: Integers) -> None:
        """Keep these rows of the cache, in this order."""


class Head(Protocol):
    """A linear layer on features (n, 32)."""

    def __init__(self, kind: Kind, job: Job) -> None: ...
    def step(self, features: Array, targets: Array) -> float:
        """Make one step of gradient descent; return the loss before it."""

    def scores(self, features: Array) -> Array:
        """Return one number per row."""


class Backend(Protocol):
    """A backend's module."""

    Writer: type[Writer]
    Head: type[Head]

    def allowed(self, scores: Array, count: int, mass: float, job: Job) -> NDArray[np.bool_]:
        """Return which letters (n, letters) are among the `count` best and the fewest that have this `mass`."""

    def drawn(self, scores: Array, allowed: NDArray[np.bool_], numbers: Array, job: Job) -> Integers:
        """Return a letter per row: the first of the allowed ones whose cumulated probability exceeds the number."""


class Plan(NamedTuple):
    """The drawn start, and the lines in the drawn order."""

    seed: int
    weights: Weights
    lines: list[Integers]

    def batch(self, step: int) -> Batch:
        """Return the batch of `step`: the next four lines, round and round."""
        return ask_next([self.lines[(step * ROWS + row) % len(self.lines)] for row in range(ROWS)])


def costed(job: Job) -> Costed:
    """Return what `cost` trains: the writer."""
    plan = draw_plan(job.seed)
    batch = plan.batch(0)

    def train(backend: Backend, weights: Weights) -> Trained:
        writer = backend.Writer(weights, job, wide=False)
        return Trained(lambda _: writer.step(batch), writer.weights)

    return Costed(plan.weights, train)


def draw_plan(seed: int) -> Plan:
    """Draw the start and the order of the lines."""
    lines = read_lines()
    return Plan(seed, draw_weights(seed), [lines[place] for place in permutation(seed, "lines", len(lines))])


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record the first step, then decoding and its laws, then the loop."""
    plan = draw_plan(job.seed)
    writer, batch = backend.Writer(plan.weights, job, wide=False), plan.batch(0)
    record.tensor("exact", "letters", batch.letters)
    record_first_step(writer, batch, record)
    prove_decoding(backend, writer, batch.letters, job, record)
    prove_loop(backend, plan, job, record)


def record_first_step(writer: Writer, batch: Batch, record: Recorder) -> None:
    """Record what the first batch gives, before anything is learned."""
    twins = twins_of(writer)
    for name, found in (("hidden states", writer.hidden(batch.letters)), ("scores", writer.scores(batch.letters))):
        swayed = [(twin.hidden if name == "hidden states" else twin.scores)(batch.letters) for twin in twins]
        record.tensor("forward", name, found, unit=unit(found, swayed))
    loss, gradients = writer.gradients(batch)
    theirs = [twin.gradients(batch) for twin in twins]
    record.tensor("loss", "loss", loss, unit=unit(loss, [one for one, _ in theirs]))
    for name, gradient in reversed(gradients.items()):
        record.tensor(
            "gradient", f"gradient of {name}", gradient, unit=unit(gradient, [one[name] for _, one in theirs])
        )


def draw_weights(seed: int) -> Weights:
    """Draw the start in the layout all models use: outputs first; query, key and value stacked."""
    shapes = {
        "letters": (LETTERS, WIDTH),
        "places": (LONGEST, WIDTH),
        "attention.input": (3, WIDTH, WIDTH),
        "attention.output": (WIDTH, WIDTH),
        "output.weight": (LETTERS, WIDTH),
        "output.bias": (LETTERS,),
    }
    weights = {name: uniform(seed, f"writer {name}", shape, 0.25) for name, shape in shapes.items()}
    return weights | {name: 2 * weights[name] for name in ("letters", "places")}
