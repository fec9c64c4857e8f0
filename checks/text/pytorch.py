"""The ladder in PyTorch: `one_hot`, `scatter_add`, `nn.Embedding`, `scaled_dot_product_attention`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import Training, adam, cross_entropy
from checks.text import FIRST, HIDDEN, PADDING, RATE, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.text import Integers

Array = np.ndarray[Any, Any]


class Contextual(nn.Module):
    """Codes to scores at the places that are asked for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.pieces = nn.Embedding(size, WIDTH)
        self.query, self.value = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.scores = nn.Linear(WIDTH, size)

    def forward(self, codes: Tensor, places: Tensor) -> Tensor:
        x = self.pieces(codes)
        seen = (codes != PADDING)[:, None]
        context = nn.functional.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), attn_mask=seen)
        return self.scores((x + context)[torch.arange(len(codes), device=codes.device), places])


def codes(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Integers:  # noqa: ARG001 - on the host
    """Look each piece up, and pad."""
    number = {piece: place for place, piece in enumerate(pieces, start=FIRST)}
    rows = [torch.tensor([number.get(piece, HIDDEN) for piece in text.split()]) for text in texts]
    return array(pad_sequence(rows, batch_first=True, padding_value=PADDING))


def one_hot(codes: Integers, size: int, job: Job) -> Array:
    """Return one 1 in each row."""
    return array(nn.functional.one_hot(_there(codes, job), size).to(dtype(job)))


def bag(codes: Integers, size: int, job: Job) -> Array:
    """Count by adding up in place."""
    return array(_bag(_there(codes, job), size).to(dtype(job)))


def tf_idf(texts: Sequence[str], pieces: Sequence[str], job: Job) -> Array:
    """Weigh counts by how rare a piece is."""
    counts = _bag(_there(codes(texts, pieces, job), job), len(pieces) + FIRST)[:, FIRST:]
    found_in = (counts > 0).sum(dim=0).to(dtype(job))
    return array(counts * torch.log1p(len(texts) / (1 + found_in)))


def training(weights: Weights, codes: Integers, job: Job) -> Training:  # noqa: ARG001 - every backend gets a sample
    """Return the model under cross-entropy and Adam."""
    return Training(Contextual(len(weights["pieces.table"])), cross_entropy, adam(RATE), weights, job)


def _bag(codes: Tensor, size: int) -> Tensor:
    return codes.new_zeros(len(codes), size).scatter_add(1, codes, (codes != PADDING).long())


def _there(codes: Integers, job: Job) -> Tensor:
    return torch.from_numpy(codes).to(device(job))
