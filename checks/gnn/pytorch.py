"""The graph network in PyTorch: indexing to gather, `index_add` to sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import Training, adam, cross_entropy
from checks.gnn import FACTIONS, RATE, ROUNDS, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.gnn import Graph

Array = np.ndarray[Any, Any]


class GraphNetwork(nn.Module):
    """A graph to scores of the nodes that are asked for."""

    def __init__(self, nodes: int, edges: int) -> None:
        super().__init__()
        whole = 0
        for number in range(1, ROUNDS + 1):
            self.add_module(f"edge{number}", nn.Linear(edges + 2 * nodes + whole, WIDTH))
            self.add_module(f"node{number}", nn.Linear(nodes + WIDTH + whole, WIDTH))
            self.add_module(f"global{number}", nn.Linear(whole + 2 * WIDTH, WIDTH))
            nodes = edges = whole = WIDTH
        self.scores = nn.Linear(2 * WIDTH, FACTIONS)

    def forward(self, nodes: Tensor, edges: Tensor, senders: Tensor, receivers: Tensor, asked: Tensor) -> Tensor:
        whole = nodes.new_zeros(1, 0)
        for number in range(1, ROUNDS + 1):
            edge, node, both = (self.get_submodule(f"{what}{number}") for what in ("edge", "node", "global"))
            everywhere = whole.expand(len(edges), -1)
            edges = edge(torch.cat([edges, nodes[senders], nodes[receivers], everywhere], dim=1)).tanh()
            arrived = add_up(edges, receivers, len(nodes)) / 4
            nodes = node(torch.cat([nodes, arrived, whole.expand(len(nodes), -1)], dim=1)).tanh()
            means = nodes.mean(dim=0, keepdim=True), edges.mean(dim=0, keepdim=True)
            whole = both(torch.cat([whole, *means], dim=1)).tanh()
        return self.scores(torch.cat([nodes, whole.expand(len(nodes), -1)], dim=1))[asked]


def add_up(rows: Tensor, segments: Tensor, count: int) -> Tensor:
    """Return the sums of the rows of each segment."""
    return rows.new_zeros(count, *rows.shape[1:]).index_add(0, segments, rows)


def training(weights: Weights, graph: Graph, job: Job) -> Training:
    """Return the network under cross-entropy and Adam."""
    net = GraphNetwork(graph.nodes.shape[1], graph.edges.shape[1])
    return Training(net, cross_entropy, adam(RATE), weights, job)


def segment_sum(rows: Array, segments: Array, count: int, job: Job) -> Array:
    """Return the sums of the rows of each segment."""
    there = torch.from_numpy(rows).to(device(job), dtype(job))
    return array(add_up(there, torch.from_numpy(segments).to(there.device), count))
