"""Names of different lengths through the framework's own loader: collated, padded, packed, in buckets, with workers.

A loader is given names in an order that is drawn here, and must deliver batches of 64. As they come: padded with 0 on
the right, as wide as the longest name of the batch, the last batch with what is left. In buckets: names of fewer than 6
letters, of 6 or 7, of 8 to 10, and longer ones are gathered apart; a bucket that is full is the next batch, and what is
left comes at the end, shortest bucket first. That is the rule of `tf.data.Dataset.bucket_by_sequence_length`, whose
boundaries are exclusive; PyTorch's users write it as a batch sampler. JAX has no loader: batches are made in NumPy,
ahead in threads.

The model is that of `gru`, whose layer is given padded names and must not see the padding: PyTorch packs them, Keras
masks letter 0, JAX keeps the state where a name is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.costed import Costed, Trained
from checks.common.draw import permutation
from checks.gru import BATCH, Weights, draw_weights
from checks.gru.names import Batch, read_names
from checks.sequences.laws import check_model, check_packing, check_padding, check_workers, full

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.gru import Model

BOUNDARIES = (6, 8, 11)
"""Most names have 5 to 8 letters, the longest 24."""
LEARNED, KEPT = 2000, 512
EPOCHS = {"quick": 3, "full": 8}
PARITY_STEPS = 30

Integers = NDArray[np.int64]


class Names(NamedTuple):
    """All names: their letters (n, 24), lengths (n,) and languages (n,); a loader has to cut them to their lengths."""

    letters: Integers
    lengths: Integers
    languages: Integers


class Loaded(NamedTuple):
    """A batch as it comes from a loader, and which names it is of (n,)."""

    places: Integers
    letters: Integers
    lengths: Integers
    languages: Integers

    @property
    def names(self) -> Batch:
        """What the model is given."""
        return Batch(self.letters, self.lengths, self.languages)


class Backend(Protocol):
    """A backend's module; `Model` is the one of `gru`. `workers` is 0 for none, and changes no batch."""

    Model: type[Model]

    def padded(self, names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:
        """Return the names at `order`, in that order."""

    def bucketed(self, names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:
        """Return the names at `order` in buckets."""

    def packed(self, batch: Batch, job: Job) -> tuple[Integers, Integers]:
        """Return all letters without padding (Σ lengths,), however the framework orders them, and padded again."""


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record what the loaders deliver, train on it, and look at the laws."""
    corpus = read_names()
    names = Names(corpus.letters, corpus.lengths, np.array([language for _, language in corpus.names]))
    order = permutation(job.seed, "split", len(names.lengths))
    learned, kept = order[:LEARNED], order[LEARNED : LEARNED + KEPT]
    padded, bucketed = backend.padded(names, learned, 0, job), backend.bucketed(names, learned, 0, job)
    record_batches("padded", padded, record)
    record_batches("bucketed", bucketed, record)
    check_workers(backend, names, learned, (padded, bucketed), job, record)
    check_padding(padded, bucketed, record)
    check_packing(backend, padded[0].names, job, record)
    weights = draw_weights(job.seed, len(corpus.languages))
    model = backend.Model(weights, job)
    record_first_step(model, bucketed, record)
    train(backend, model, names, learned, job, record)
    check_model(backend, model, names, kept, job, record)
    check_bits(backend, model, weights, names, learned, job, record)


def costed(job: Job) -> Costed:
    """Return what `cost` trains: the model, on the first bucket."""
    corpus = read_names()
    names = Names(corpus.letters, corpus.lengths, np.array([language for _, language in corpus.names]))
    learned = permutation(job.seed, "split", len(names.lengths))[:LEARNED]

    def train(backend: Backend, weights: Weights) -> Trained:
        batch, model = backend.bucketed(names, learned, 0, job)[0].names, backend.Model(weights, job)
        return Trained(lambda _: model.step(batch), model.weights)

    return Costed(draw_weights(job.seed, len(corpus.languages)), train)


def record_batches(way: str, batches: list[Loaded], record: Recorder) -> None:
    """Record how large each batch is, and all that is in them."""
    record.tensor("exact", f"{way}: names per batch", np.array([len(one.places) for one in batches]))
    record.tensor("exact", f"{way}: width of each batch", np.array([one.letters.shape[1] for one in batches]))
    for what in ("places", "letters", "lengths", "languages"):
        parts: list[NDArray[Any]] = [getattr(one, what).reshape(-1) for one in batches]
        record.tensor("exact", f"{way}: {what}", np.concatenate(parts))


def record_first_step(model: Model, batches: list[Loaded], record: Recorder) -> None:
    """Record what the first bucket gives, before anything is learned."""
    record.tensor("forward", "logits", model.logits(batches[0].names))
    loss, gradients = model.gradients(batches[0].names)
    record.tensor("loss", "loss", loss)
    for name, gradient in sorted(gradients.items(), reverse=True):
        record.tensor("gradient", f"gradient of {name}", gradient)


def train(backend: Backend, model: Model, names: Names, learned: Integers, job: Job, record: Recorder) -> None:
    """Train on full buckets, each epoch's in an order of its own."""
    step, epochs = 0, EPOCHS[job.profile]
    for epoch in range(epochs):
        order = learned[permutation(job.seed, f"epoch {epoch}", len(learned))]
        for batch in full(backend.bucketed(names, order, 2, job)):
            step += 1
            record.tensor("loss" if step <= PARITY_STEPS else "later", "loss", model.step(batch.names), step)
            if step == PARITY_STEPS:
                record.tensors("weight", model.weights(), step)
        record.progress(epoch + 1, epochs)


def check_bits(
    backend: Backend, model: Model, weights: Weights, names: Names, learned: Integers, job: Job, record: Recorder
) -> None:
    """Train on the same names without workers and with two: every bit must be the same."""
    trails = []
    for workers in (0, 2):
        model.load(weights)
        losses = [model.step(one.names) for one in full(backend.padded(names, learned[: 6 * BATCH], workers, job))]
        trails.append({"losses": np.array(losses)} | model.weights())
    other = [name for name, value in trails[0].items() if value.tobytes() != trails[1][name].tobytes()]
    record.invariant("workers change no bit of a training", not other, f"other bits in {', '.join(other) or 'nothing'}")
