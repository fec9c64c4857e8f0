"""A `DataLoader` over names: a collate function that pads, a sampler of buckets, worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from checks.common.pytorch import array, device
from checks.gru import BATCH
from checks.gru.pytorch import Model as Model  # noqa: PLC0414 - a part of the backend
from checks.sequences import BOUNDARIES, Loaded

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru.names import Batch
    from checks.sequences import Integers, Names

Item = tuple[int, Tensor, int]


class NameSet(Dataset[Item]):
    """Names cut to their lengths."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names.lengths)

    def __getitem__(self, place: int) -> Item:
        letters = self.names.letters[place, : self.names.lengths[place]]
        return place, torch.from_numpy(letters), int(self.names.languages[place])


class Buckets:
    """A batch sampler: names of like length together, in the order in which their bucket is full."""

    def __init__(self, lengths: Integers, order: Sequence[int]) -> None:
        self.lengths, self.order = lengths, order

    def __iter__(self) -> Iterator[list[int]]:
        buckets: list[list[int]] = [[] for _ in range(len(BOUNDARIES) + 1)]
        for place in self.order:
            number = sum(self.lengths[place] >= boundary for boundary in BOUNDARIES)
            buckets[number].append(place)
            if len(buckets[number]) == BATCH:
                yield buckets[number]
                buckets[number] = []
        yield from filter(None, buckets)


def collate(items: list[Item]) -> tuple[Tensor, ...]:
    """Pad names to the longest of them."""
    places, letters, languages = zip(*items, strict=True)
    lengths = torch.tensor([len(one) for one in letters])
    return torch.tensor(places), pad_sequence(letters, batch_first=True), lengths, torch.tensor(languages)


def padded(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:
    """Deliver names as they come."""
    return _load(names, workers, job, batch_size=BATCH, sampler=order.tolist())


def bucketed(names: Names, order: Integers, workers: int, job: Job) -> list[Loaded]:
    """Deliver names by length."""
    return _load(names, workers, job, batch_sampler=Buckets(names.lengths, order.tolist()))


def packed(batch: Batch, job: Job) -> tuple[Integers, Integers]:
    """Pack a batch, and unpack it."""
    letters, lengths = torch.from_numpy(batch.letters).to(device(job)), torch.from_numpy(batch.lengths)
    tight = pack_padded_sequence(letters, lengths, batch_first=True, enforce_sorted=False)
    again, _ = pad_packed_sequence(tight, batch_first=True)
    return array(tight.data), array(again)


def _load(names: Names, workers: int, job: Job, **how: Any) -> list[Loaded]:
    if workers:  # from Python 3.14 on a worker would be started anew, without the folder that checks are mounted from
        how |= {"num_workers": workers, "multiprocessing_context": "fork"}
    loader = DataLoader(NameSet(names), collate_fn=collate, pin_memory=device(job).type == "cuda", **how)
    return [Loaded(*(np.asarray(part) for part in batch)) for batch in loader]
