"""Names by language in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class Net(nn.Module):
    """Names to scores per language."""

    def __init__(self, letters: int, languages: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, 16, padding_idx=0)
        self.gru = nn.GRU(16, 64, batch_first=True)
        self.output = nn.Linear(64, languages)

    def forward(self, letters: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(letters), lengths, batch_first=True, enforce_sorted=False)
        _, hidden = self.gru(packed)
        return self.output(hidden[0])


def trainer(letters: int, languages: int) -> Callable[..., float]:
    net = Net(letters, languages)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.25, momentum=0.875)

    def step(names: Any, lengths: Any, truth: Any) -> float:
        optimizer.zero_grad()
        loss = loss_function(net(torch.from_numpy(names), torch.from_numpy(lengths)), torch.from_numpy(truth))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
