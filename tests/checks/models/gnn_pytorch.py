"""A graph network that tells the halves of a ring of nodes apart; its rows are nodes, which see their neighbours."""

import torch
from torch import nn

NODES = 12


class Graph(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 16), nn.Linear(16, 2)

    def forward(self, nodes: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
        return neighbours @ self.second(torch.relu(neighbours @ self.first(nodes)))


def build():
    ring = torch.eye(NODES) + torch.roll(torch.eye(NODES), 1, 0) + torch.roll(torch.eye(NODES), -1, 0)
    half = (torch.arange(NODES) >= NODES // 2).long()
    return {
        "model": Graph(),
        "loss": nn.CrossEntropyLoss(),
        "batch": ((torch.randn(NODES, 4) + half[:, None], ring / 3), half),
        "independent": False,
    }
