"""The writer, the judge and the crowd in float64, with the layers and ways back of `checks.transformer.layers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.common.float64_training import Momentum, cross_entropy
from checks.common.sway import twins
from checks.generate import HEAD_RATE, HEADS, LEARNING_RATE, MOMENTUM, WIDTH
from checks.transformer.layers import attention, softmax

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.generate import Kind, Weights
    from checks.transformer.text import Batch, Integers

Array = NDArray[np.float64]


class Writer:
    """The meaning of the check."""

    def __init__(self, weights: Weights, job: Job, *, wide: bool) -> None:  # noqa: ARG002 - it is always wide
        self._optimiser = Momentum(weights, LEARNING_RATE, MOMENTUM)
        self._weights = self._optimiser.weights

    def hidden(self, letters: Integers) -> Array:
        return self._seen(letters)[0]

    def scores(self, letters: Integers) -> Array:
        return self._scored(self.hidden(letters))

    def gradients(self, batch: Batch) -> tuple[float, dict[str, NDArray[np.floating]]]:
        weights, (hidden, back) = self._weights, self._seen(batch.letters)
        asked = batch.targets != 0
        loss, slope = cross_entropy(self._scored(hidden[asked]), batch.targets[asked], self._optimiser.kicks)
        flowing = np.zeros_like(hidden)
        flowing[asked] = slope @ weights["output.weight"]
        found = back(flowing) | {"output.weight": slope.T @ hidden[asked], "output.bias": slope.sum(axis=0)}
        return loss, {name: found[name] for name in weights}

    def step(self, batch: Batch) -> float:
        loss, gradients = self.gradients(batch)
        self._optimiser.step({name: gradient.astype(np.float64) for name, gradient in gradients.items()})
        return loss

    def twins(self) -> list[Writer]:
        """Return twins of the writer as it is now."""
        return twins(self, lambda twin, kicks: twin._optimiser.kick(kicks))

    def weights(self) -> dict[str, NDArray[np.floating]]:
        return dict(self._optimiser.copies())

    def begin(self) -> None:
        self._letters: Integers | None = None

    def next(self, letters: Integers) -> Array:
        before = self._letters
        self._letters = letters[:, None] if before is None else np.concatenate([before, letters[:, None]], axis=1)
        return self.scores(self._letters)[:, -1]

    def reorder(self, rows: Integers) -> None:
        assert self._letters is not None
        self._letters = self._letters[rows]

    def _scored(self, hidden: Array) -> Array:
        return hidden @ self._weights["output.weight"].T + self._weights["output.bias"]

    def _seen(self, letters: Integers) -> tuple[Array, Any]:
        """Return the hidden states, and their way back to the gradients of all weights below them."""
        weights, places = self._weights, letters.shape[1]
        embedded = weights["letters"][letters] + weights["places"][:places]
        q, k, v = (_cut(embedded @ one.T) for one in weights["attention.input"])
        mask = np.tril(np.ones((places, places), bool))[None, None]
        mixed, attention_back = attention(q, k, v, mask)
        joined = _joined(mixed)

        def back(flowing: Array) -> dict[str, Array]:
            into = [_joined(one) for one in attention_back(_cut(flowing @ weights["attention.output"]))]
            embeddings = flowing + sum(
                one @ weight for one, weight in zip(into, weights["attention.input"], strict=True)
            )
            gradient = np.zeros_like(weights["letters"])
            np.add.at(gradient, letters, embeddings)
            by_place = np.zeros_like(weights["places"])
            by_place[:places] = embeddings.sum(axis=0)
            return {
                "letters": gradient,
                "places": by_place,
                "attention.input": np.stack([_outer(one, embedded) for one in into]),
                "attention.output": _outer(flowing, joined),
            }

        return embedded + joined @ weights["attention.output"].T, back


class Head:
    """A linear layer, with logistic loss (judge) or squared loss (crowd)."""

    def __init__(self, kind: Kind, job: Job) -> None:  # noqa: ARG002 - every backend gets the job
        self._kind, self._weight, self._bias = kind, np.zeros(WIDTH), 0.0

    def step(self, features: Array, targets: Array) -> float:
        scores = self.scores(features)
        if self._kind == "judge":
            loss = np.logaddexp(0, scores) - targets * scores
            slope = (1 / (1 + np.exp(-scores)) - targets) / len(targets)
        else:
            loss = (scores - targets) ** 2
            slope = 2 * (scores - targets) / len(targets)
        self._weight = self._weight - HEAD_RATE[self._kind] * slope @ features
        self._bias = self._bias - HEAD_RATE[self._kind] * float(slope.sum())
        return float(loss.mean())

    def scores(self, features: Array) -> Array:
        found: Array = features @ self._weight + self._bias
        return found


def allowed(scores: Array, count: int, mass: float, job: Job) -> NDArray[np.bool_]:  # noqa: ARG001 - every backend gets it
    """Return what is among the best and has the mass, by a stable sort."""
    order = np.argsort(-scores, axis=1, kind="stable")
    shares = np.take_along_axis(softmax(scores), order, axis=1)
    kept = (np.cumsum(shares, axis=1) - shares < mass - 1e-9) & (np.arange(scores.shape[1]) < count)
    found = np.zeros(scores.shape, bool)
    np.put_along_axis(found, order, kept, axis=1)
    return found


def drawn(scores: Array, allowed: NDArray[np.bool_], numbers: Array, job: Job) -> Integers:  # noqa: ARG001 - as above
    """Return the letters by the inverse of the cumulated probabilities."""
    cumulated = np.cumsum(softmax(np.where(allowed, scores, -np.inf)), axis=1)
    found: Integers = (cumulated <= numbers[:, None] * cumulated[:, -1:]).sum(axis=1)
    return found


def _cut(x: Array) -> Array:
    """Return (n, t, d) as heads (n, h, t, d / h)."""
    return x.reshape(*x.shape[:2], HEADS, -1).swapaxes(1, 2)


def _joined(x: Array) -> Array:
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def _outer(slope: Array, x: Array) -> Array:
    """Return Σ δᵀx over all places: the gradient of a weight."""
    product: Array = slope.reshape(-1, slope.shape[-1]).T @ x.reshape(-1, x.shape[-1])
    return product
