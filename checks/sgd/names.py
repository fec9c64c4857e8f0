"""Real data: classify names by language from their letters, by softmax regression.

The loss is convex, so a rounding does not grow into another result, and every optimiser heads for the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import permutation, uniform
from checks.gru.names import LETTERS, read_names

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.sgd import Backend
    from checks.sgd.rules import Rule

BATCH = 128
STEPS = {"quick": 20, "full": 240}
PARITY_STEPS = 20


class Names(NamedTuple):
    """Letters (n, 61): how often each occurs, which one ends the name, and a one; languages (n,) as numbers."""

    letters: NDArray[np.float32]
    languages: NDArray[np.int64]


def train_on_names(backend: Backend, rule: Rule, names: Names, job: Job, record: Recorder) -> None:
    """Record the loss of every step and what has been learned in the end."""
    languages = int(names.languages.max()) + 1
    start = {"weight": uniform(job.seed, "names weight", (names.letters.shape[1], languages), 0.125)}
    training = backend.Training("regression", rule, start, job)
    training.restart(start, rule.names_rate)
    losses = []
    for step in range(1, STEPS[job.profile] + 1):
        rows = np.arange((step - 1) * BATCH, step * BATCH) % len(names.languages)
        losses.append(training.step(names.letters[rows], names.languages[rows]))
        kind = "loss" if step <= PARITY_STEPS else "later"
        record.tensor(kind, f"loss of {rule.name} on names", losses[-1], step)
    first, last = losses[0], float(np.mean(losses[-4:]))
    record.measure(f"final loss of {rule.name}", last)
    record.invariant(f"{rule.name} learns", last < 0.95 * first, f"loss {first:.4f} → {last:.4f}")


def count_letters(job: Job) -> Names:
    """Read the names and count, in a drawn order."""
    corpus = read_names(job.data)
    batch = corpus.batch(permutation(job.seed, "names", len(corpus.names)))
    alphabet = np.arange(LETTERS)
    counts = (batch.letters[:, :, None] == alphabet).sum(axis=1)
    counts[:, 0] = 0  # padding
    last = batch.letters[np.arange(len(batch.lengths)), batch.lengths - 1]
    ones = np.ones((len(last), 1))
    return Names(np.hstack([counts, last[:, None] == alphabet, ones]).astype(np.float32), batch.languages)
