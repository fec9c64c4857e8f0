"""Names in buckets of like length by a `DataLoader`, under a GRU, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from benchmarks.plain import gru_pytorch


class Names(Dataset[Any]):
    """Names without padding, each with its language."""

    def __init__(self, letters: Any, lengths: Any, languages: Any) -> None:
        self.names = [torch.from_numpy(row[:length]) for row, length in zip(letters, lengths, strict=True)]
        self.languages = torch.from_numpy(languages)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, place: int) -> Any:
        return self.names[place], self.languages[place]


def collate(rows: list[Any]) -> Any:
    names, languages = zip(*rows, strict=True)
    return pad_sequence(names, batch_first=True), torch.tensor([len(name) for name in names]), torch.stack(languages)


def buckets(lengths: Any, order: Any, boundaries: tuple[int, ...], size: int) -> Iterator[list[int]]:
    waiting: dict[int, list[int]] = {}
    for place in order.tolist():
        bucket = waiting.setdefault(sum(lengths[place] >= one for one in boundaries), [])
        bucket.append(place)
        if len(bucket) == size:
            yield bucket.copy()
            bucket.clear()


def trainer(letters: int, languages: int, names: Any, boundaries: tuple[int, ...], size: int) -> Callable[..., float]:
    train, data = gru_pytorch.trainer(letters, languages), Names(*names)

    def epoch(order: Any) -> float:
        loader = DataLoader(data, batch_sampler=list(buckets(names[1], order, boundaries, size)), collate_fn=collate)
        return sum(train(*(part.numpy() for part in batch)) for batch in loader)

    return epoch
