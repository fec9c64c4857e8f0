"""A causal language model of letters in PyTorch, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn


class Block(nn.Module):
    """Attention and two layers, each beside a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(64), nn.LayerNorm(64)
        self.qkv, self.out = nn.Linear(64, 192), nn.Linear(64, 64)
        self.mlp = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))

    def forward(self, x: Tensor) -> Tensor:
        n, t, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, 2, 32).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, t, 64))
        return x + self.mlp(self.norm2(x))


class Net(nn.Module):
    """Letters to scores."""

    def __init__(self, letters: int, longest: int) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(letters, 64), nn.Embedding(longest, 64)
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.output = nn.LayerNorm(64), nn.Linear(64, letters)

    def forward(self, letters: Tensor) -> Tensor:
        x = self.letters(letters) + self.places(torch.arange(letters.shape[1]))
        return self.output(self.norm(self.blocks(x)))


def trainer(letters: int, longest: int) -> Callable[..., float]:
    net = Net(letters, longest)
    loss_function = nn.CrossEntropyLoss(ignore_index=0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.125, momentum=0.875)

    def step(lines: Any, targets: Any) -> float:
        optimizer.zero_grad()
        scores = net(torch.from_numpy(lines))
        loss = loss_function(scores.view(-1, letters), torch.from_numpy(targets).view(-1))
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
