"""What must hold of any loader of sequences, and of any model that is given what it delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.gru import BATCH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.gru import Model
    from checks.gru.names import Batch
    from checks.sequences import Backend, Integers, Loaded, Names

MORE, ALONE = 7, 4
"""Columns of padding that are added to a batch that needs none of them; how many names are scored alone."""

Scores = dict[int, NDArray[np.floating]]


def check_workers(
    backend: Backend, names: Names, order: Integers, alone: tuple[list[Loaded], ...], job: Job, record: Recorder
) -> None:
    """Workers may change when a batch is made, never which one comes or what is in it."""
    for (way, load), expected in zip((("padded", backend.padded), ("bucketed", backend.bucketed)), alone, strict=True):
        for workers in (1, 2):
            found = load(names, order, workers, job)
            differ = [number for number, pair in enumerate(zip(expected, found)) if not same(*pair)]  # noqa: B905
            holds = not differ and len(found) == len(expected)
            what = f"{len(found)} batches of {len(expected)}, differing: {', '.join(map(str, differ)) or 'none'}"
            record.invariant(f"{way}: the same batches with {workers} workers", holds, what)


def same(one: Loaded, other: Loaded) -> bool:
    """Return whether two batches are the same, in every array."""
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def check_padding(padded: list[Loaded], bucketed: list[Loaded], record: Recorder) -> None:
    """Buckets are there to pad less."""
    shares = []
    for way, batches in (("padded", padded), ("bucketed", bucketed)):
        shares.append(1 - sum(one.lengths.sum() for one in batches) / sum(one.letters.size for one in batches))
        record.measure(f"{way}: share of padding", float(shares[-1]))
    detail = f"{shares[1]:.1%} in buckets, {shares[0]:.1%} as they come"
    record.invariant("buckets halve the padding", bool(shares[1] <= shares[0] / 2), detail)


def check_packing(backend: Backend, batch: Batch, job: Job, record: Recorder) -> None:
    """Pack a batch: all letters must be there and no padding; unpacked it must be what it was."""
    tight, again = backend.packed(batch, job)
    there = np.sort(batch.letters[np.arange(batch.letters.shape[1]) < batch.lengths[:, None]])
    detail = f"{tight.size} numbers for {there.size} letters"
    record.invariant("packing keeps letters alone", bool(np.array_equal(np.sort(tight), there)), detail)
    apart = int((again != batch.letters).sum()) if again.shape == batch.letters.shape else batch.letters.size
    record.invariant("unpacking restores the batch", apart == 0, f"{apart} of {batch.letters.size} letters differ")


def check_model(backend: Backend, trained: Model, names: Names, kept: Integers, job: Job, record: Recorder) -> None:
    """Score unseen names as they come, in buckets, alone and padded further: nobody's scores may change."""
    padded = backend.padded(names, kept, 0, job)
    scores, first = scored(trained, padded), padded[0]
    allowed = job.rounding(64, 4) * max(np.abs(one).max() for one in scores.values())
    wider = first._replace(letters=np.pad(first.letters, ((0, 0), (0, MORE))))
    others = {
        "a bucket": full(backend.bucketed(names, kept, 0, job)),
        "being alone": [one for place in kept[:ALONE] for one in backend.padded(names, place[None], 0, job)],
        "more padding": [wider],
    }
    for what, batches in others.items():
        found = scored(trained, batches)
        apart = [float(np.abs(score - scores[place]).max()) for place, score in found.items() if place in scores]
        holds = bool(apart) and max(apart) <= allowed
        detail = f"{max(apart, default=np.inf):.1e}, allowed {allowed:.1e}, of {len(apart)} names"
        record.invariant(f"{what} changes no score", holds, detail)
    _, gradients = trained.gradients(first.names)
    slope = float(np.abs(gradients["embedding"][0]).max())
    record.invariant("no slope reaches padding", slope == 0, f"{slope:.1e}, 0 expected")
    check_learned(scores, names, kept, record)


def scored(model: Model, batches: list[Loaded]) -> Scores:
    """Return the scores of each name by its place."""
    pairs = ((one.places, model.logits(one.names)) for one in batches)
    return {int(place): score for places, scores in pairs for place, score in zip(places, scores, strict=True)}


def full(batches: list[Loaded]) -> list[Loaded]:
    """Leave out batches of what is left: each would be a shape more to compile."""
    return [one for one in batches if len(one.places) == BATCH]


def check_learned(scores: Scores, names: Names, kept: Integers, record: Recorder) -> None:
    """After a few epochs more is known of unseen names than which language is the commonest."""
    right = float(np.mean([score.argmax() == names.languages[place] for place, score in scores.items()]))
    commonest = float(np.bincount(names.languages[kept]).max() / len(kept))
    record.measure("accuracy", right)
    record.invariant("better than the commonest language", right > commonest, f"{right:.1%} against {commonest:.1%}")
