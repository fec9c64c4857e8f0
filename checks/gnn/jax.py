"""The graph network in JAX: indexing to gather, `jax.ops.segment_sum`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, Training, adam, cross_entropy, dense
from checks.gnn import RATE, ROUNDS

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights
    from checks.gnn import Graph

Array = np.ndarray[Any, Any]


def model(
    parameters: Parameters,
    nodes: jax.Array,
    edges: jax.Array,
    senders: jax.Array,
    receivers: jax.Array,
    asked: jax.Array,
) -> jax.Array:
    """Return the scores of the nodes that are asked for."""
    whole = jnp.zeros((1, 0), nodes.dtype)
    for number in range(1, ROUNDS + 1):
        seen = [edges, nodes[senders], nodes[receivers], spread(whole, edges)]
        edges = jnp.tanh(dense(parameters, f"edge{number}", jnp.concatenate(seen, axis=1)))
        arrived = jax.ops.segment_sum(edges, receivers, len(nodes)) / 4
        seen = [nodes, arrived, spread(whole, nodes)]
        nodes = jnp.tanh(dense(parameters, f"node{number}", jnp.concatenate(seen, axis=1)))
        seen = [whole, nodes.mean(axis=0, keepdims=True), edges.mean(axis=0, keepdims=True)]
        whole = jnp.tanh(dense(parameters, f"global{number}", jnp.concatenate(seen, axis=1)))
    return dense(parameters, "scores", jnp.concatenate([nodes, spread(whole, nodes)], axis=1))[asked]


def spread(whole: jax.Array, rows: jax.Array) -> jax.Array:
    """Return the global vector once for each row."""
    return jnp.broadcast_to(whole, (len(rows), whole.shape[1]))


def training(weights: Weights, graph: Graph, job: Job) -> Training:  # noqa: ARG001 - every backend gets a sample
    """Return the network under cross-entropy and Adam."""
    return Training(model, cross_entropy, adam(RATE), weights, job)


def segment_sum(rows: Array, segments: Array, count: int, job: Job) -> Array:
    """Return the sums of the rows of each segment."""
    return array(jax.ops.segment_sum(rows.astype(dtype(job)), segments.astype(np.int32), count))
