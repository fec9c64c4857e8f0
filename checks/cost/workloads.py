"""The workloads whose cost is counted, and the formulas: two operations per multiplication and addition.

A training step does a layer's product three times: forward, for the slope of its weights, and for the slope of what
comes in, which the first layer after an embedding needs and the first of all does not (Kaplan et al. 2020, 2.1: six
operations per parameter and token). Attention adds two products of t × t × width per block. Padding counts: it is
computed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from checks import boundary, gru, transformer
from checks.boundary import plane

if TYPE_CHECKING:
    from checks.common.job import Job

_EACH = 2
_PASSES = 3


class Workload(NamedTuple):
    """A workload of another check: its name, its model, its batches, and the formulas."""

    name: str
    model: Callable[[Any, Job], Any]
    batches: Callable[[Job, int], list[Any]]
    step: Callable[[Any, Any], float]
    parameters: Callable[[Job], int]
    flops: Callable[[Job, Any], int]


def dense_flops() -> int:
    """Return the operations of a step of the network of `boundary`, whose first layer needs no slope of its input."""
    sizes = (2, boundary.HIDDEN, boundary.HIDDEN, 1)
    layers = [wide * out for wide, out in itertools.pairwise(sizes)]
    return _EACH * plane.POINTS * (_PASSES * sum(layers) - layers[0])


def _size(weights: dict[str, Any]) -> int:
    return sum(int(np.size(weight)) for weight in weights.values())


def _gru_flops(job: Job, batch: Any) -> int:
    rows, places = map(int, batch.letters.shape)
    languages = len(gru.draw_plan(job).corpus.languages)
    cell = 3 * gru.HIDDEN * (gru.EMBEDDING + gru.HIDDEN)
    return _EACH * _PASSES * rows * (places * cell + gru.HIDDEN * languages)


def _transformer_flops(job: Job, batch: Any) -> int:
    rows, places = map(int, batch.letters.shape)
    weights = transformer.draw_plan(job.seed).weights
    products = sum(int(weight.size) for name, weight in weights.items() if name.endswith(".weight"))
    attention = 2 * transformer.BLOCKS * places * transformer.WIDTH
    return _EACH * _PASSES * rows * places * (products + attention)


WORKLOADS = (
    Workload(
        "boundary",
        lambda module, job: module.Network(boundary.draw_weights(job.seed), job),
        lambda job, steps: [plane.draw(job.seed)] * steps,
        lambda model, sample: float(model.step(sample.points, sample.labels)),
        lambda job: _size(boundary.draw_weights(job.seed)),
        lambda job, batch: dense_flops(),  # noqa: ARG005 - all take the same
    ),
    Workload(
        "gru",
        lambda module, job: module.Model(gru.draw_plan(job).weights, job),
        lambda job, steps: gru.batches(gru.draw_plan(job), job.seed, steps),
        lambda model, batch: float(model.step(batch)),
        lambda job: _size(gru.draw_plan(job).weights),
        _gru_flops,
    ),
    Workload(
        "transformer",
        lambda module, job: module.Model(transformer.draw_plan(job.seed).weights, job, causal=True),
        lambda job, steps: [transformer.draw_plan(job.seed).batch(step, causal=True) for step in range(steps)],
        lambda model, batch: float(model.step(batch)),
        lambda job: _size(transformer.draw_plan(job.seed).weights),
        _transformer_flops,
    ),
)
