"""The ladder in NumPy, and the model in context in float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from checks.common.tape import Array, Node
from checks.common.tape_functions import cross_entropy, exp, log_softmax
from checks.descent.reference import Nodes, Training, adam, dense
from checks.text import FIRST, HIDDEN, PADDING, RATE, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.text import Integers


def codes(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Integers:  # noqa: ARG001 - every backend gets it
    """Look each piece up."""
    rows = [[pieces.index(one) + FIRST if one in pieces else HIDDEN for one in text.split()] for text in texts]
    longest = max(map(len, rows))
    return np.array([row + [PADDING] * (longest - len(row)) for row in rows])


def one_hot(codes: Integers, size: int, job: Job) -> Array:  # noqa: ARG001
    """Choose rows of the identity."""
    return np.eye(size)[codes]


def bag(codes: Integers, size: int, job: Job) -> Array:  # noqa: ARG001
    """Count row by row."""
    return np.array([np.bincount(row[row > PADDING], minlength=size) for row in codes], np.float64)


def tf_idf(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Array:
    """Multiply counts by the logarithm that the check states."""
    counts = bag(codes(texts, pieces, job), len(pieces) + FIRST, job)[:, FIRST:]
    weighted: Array = counts * np.log(1 + len(texts) / (1 + (counts > 0).sum(axis=0)))
    return weighted


def model(weights: Nodes, codes: Integers, places: Integers) -> Node:
    """Return the scores at the places that are asked for."""
    n, t = codes.shape
    flat = weights["pieces.table"][codes.reshape(-1)]
    rows = (dense(weights, "query", flat), flat @ weights["key.kernel"], dense(weights, "value", flat))
    query, key, value = (one.reshape(n, t, WIDTH) for one in rows)
    hidden = np.where(codes == PADDING, -np.inf, 0.0)[:, None]
    shares = exp(log_softmax((query @ key.transpose(0, 2, 1)) * WIDTH**-0.5 + hidden))
    context = flat.reshape(n, t, WIDTH) + shares @ value
    return dense(weights, "scores", context[np.arange(n), places])


def training(weights: Weights, codes: Integers, job: Job) -> Training:  # noqa: ARG001
    """Return the model under cross-entropy and Adam."""
    return Training(model, cross_entropy, adam(RATE), weights)
