"""The graph network in float64 NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.common import tape_functions as functions
from checks.common.tape import Array, Node
from checks.common.tape_functions import concatenate, cross_entropy, tanh
from checks.descent.reference import Nodes, Training, adam, dense
from checks.gnn import RATE, ROUNDS

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.gnn import Graph, Integers


def model(weights: Nodes, nodes: Array, edges: Array, senders: Integers, receivers: Integers, asked: Integers) -> Node:
    """Return the scores of the nodes that are asked for."""
    n, e, g = Node(nodes), Node(edges), Node(np.zeros((1, 0)))
    for number in range(1, ROUNDS + 1):
        e = tanh(dense(weights, f"edge{number}", concatenate([e, n[senders], n[receivers], _spread(g, len(edges))])))
        arrived = functions.segment_sum(e, receivers, len(nodes)) * 0.25
        n = tanh(dense(weights, f"node{number}", concatenate([n, arrived, _spread(g, len(nodes))])))
        means = [n.mean(0, keepdims=True), e.mean(0, keepdims=True)]
        g = tanh(dense(weights, f"global{number}", concatenate([g, *means])))
    return dense(weights, "scores", concatenate([n, _spread(g, len(nodes))]))[asked]


def training(weights: Weights, graph: Graph, job: Job) -> Training:  # noqa: ARG001 - every backend gets them
    """Return the network under cross-entropy and Adam."""
    return Training(model, cross_entropy, adam(RATE), weights)


def segment_sum(rows: Array, segments: Integers, count: int, job: Job) -> Array:  # noqa: ARG001
    """Return the sums of the rows of each segment."""
    return functions.segment_sum(Node(rows), segments, count).value


def _spread(whole: Node, count: int) -> Node:
    """Return the global vector once for each row."""
    return whole[np.zeros(count, np.int64)]
