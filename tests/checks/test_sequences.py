"""The rule of buckets on names by hand, and each law of the check against loaders and models that break it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from checks import sequences
from checks.common.record import Recorder
from checks.sequences import reference
from tests.checks.one_job import JOB


def broken(**instead: Any) -> set[str]:
    """Return the laws that the reference breaks with some of its functions replaced."""
    parts = {name: getattr(reference, name) for name in ("Model", "padded", "bucketed", "packed")}
    record = Recorder(lambda done, total: None)
    backend: Any = SimpleNamespace(**parts | instead)
    sequences.prove(backend, JOB, record)
    invariants = record.result()["invariants"]
    assert len(invariants) == 13
    return {one["name"] for one in invariants if not one["holds"]}


def test_a_full_bucket_is_the_next_batch_and_the_rest_comes_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "BATCH", 2)
    lengths = np.array([3, 12, 6, 5, 10, 7, 7, 4])
    letters = (np.arange(24) < lengths[:, None]).astype(np.int64)
    names = sequences.Names(letters, lengths, np.arange(8))
    batches = reference.bucketed(names, np.arange(8), 0, JOB)
    assert [one.places.tolist() for one in batches] == [[0, 3], [2, 5], [7], [6], [4], [1]]
    assert [one.letters.shape for one in batches] == [(2, 5), (2, 7), (1, 4), (1, 7), (1, 10), (1, 12)]
    assert batches[1].languages.tolist() == [2, 5]


def test_as_they_come_the_last_batch_has_what_is_left() -> None:
    names = sequences.Names(np.ones((70, 24), np.int64), np.arange(70) % 9 + 1, np.zeros(70, np.int64))
    batches = reference.padded(names, np.arange(70)[::-1], 0, JOB)
    assert [len(one.places) for one in batches] == [64, 6]
    assert batches[1].lengths.tolist() == [6, 5, 4, 3, 2, 1]
    assert batches[1].letters.shape == (6, 6)


def late(names: Any, order: Any, workers: int, job: Any) -> Any:
    """Deliver batches in another order where there are workers."""
    batches = reference.padded(names, order, workers, job)
    return batches[::-1] if workers == 2 else batches


def unsorted(names: Any, order: Any, workers: int, job: Any) -> Any:
    return reference.padded(names, order, workers, job)


def lossy(batch: Any, job: Any) -> Any:
    tight, again = reference.packed(batch, job)
    return tight[:-1], np.where(np.arange(again.shape[1]) < 8, again, 0)


class Unmasked(reference.Model):
    """Takes padding for letters."""

    def logits(self, batch: Any) -> Any:
        return super().logits(all_alive(batch))

    def gradients(self, batch: Any, part: float = 1.0) -> Any:
        return super().gradients(all_alive(batch), part)


def all_alive(batch: Any) -> Any:
    return batch._replace(lengths=np.full_like(batch.lengths, batch.letters.shape[1]))


class Stubborn(reference.Model):
    """Learns nothing."""

    def logits(self, batch: Any) -> Any:
        return super().logits(batch) * 0


LATE = {"padded: the same batches with 2 workers", "workers change no bit of a training"}
PADDING = {f"{what} changes no score" for what in ("a bucket", "being alone", "more padding")} | {
    "no slope reaches padding"
}
UNLEARNED = {"better than the commonest language"}


@pytest.mark.parametrize(
    ("instead", "laws"),
    [
        ({}, set()),
        ({"padded": late}, LATE),
        ({"bucketed": unsorted}, {"buckets halve the padding"}),
        ({"packed": lossy}, {"packing keeps letters alone", "unpacking restores the batch"}),
        ({"Model": Unmasked}, PADDING | UNLEARNED),
        ({"Model": Stubborn}, UNLEARNED),
    ],
)
def test_a_law_is_broken_by_what_breaks_it(instead: dict[str, Callable[..., Any]], laws: set[str]) -> None:
    assert broken(**instead) == laws
