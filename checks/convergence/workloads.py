"""The workloads that are trained from many seeds, each until its loss is below the stated one.

The losses are stated where a training is half way: of the GRU ln 18 = 2.9 is a guess, and 2.0 a model that has seen
that languages differ in their letters; of the transformer ln 33 = 3.5 is a guess, and 2.25 a model that knows which
letters are frequent after which; of the convolutions ln 10 = 2.3 is a guess, and 0.25 a ninth of it.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from checks import cnn, gru, transformer

if TYPE_CHECKING:
    from checks.common.job import Job

Trainer = Callable[[int], Iterator[float]]


class Workload(NamedTuple):
    """A workload of another check: what makes its trainer (seed → losses), the loss to reach, and the most steps."""

    name: str
    trainer: Callable[[Job], Trainer]
    target: float
    most: int


def _gru(job: Job) -> Trainer:
    module = importlib.import_module(f"checks.gru.{job.framework}")
    model = module.Model(gru.draw_plan(job).weights, job)

    def train(seed: int) -> Iterator[float]:
        plan = gru.draw_plan(dataclasses.replace(job, seed=seed))
        model.load(plan.weights)
        return (float(model.step(batch)) for batch in gru.batches(plan, seed, GRU_MOST))

    return train


def _transformer(job: Job) -> Trainer:
    module = importlib.import_module(f"checks.transformer.{job.framework}")
    model = module.Model(transformer.draw_plan(0).weights, job, causal=True)

    def train(seed: int) -> Iterator[float]:
        plan = transformer.draw_plan(seed)
        model.load(plan.weights)
        return (float(model.step(plan.batch(step, causal=True))) for step in range(TRANSFORMER_MOST))

    return train


def _cnn(job: Job) -> Trainer:
    module = importlib.import_module(f"checks.cnn.{job.framework}")
    network = module.network(cnn.draw_weights(0), job)

    def train(seed: int) -> Iterator[float]:
        plan = cnn.draw_plan(seed)
        network.load(cnn.draw_weights(seed))
        batches = map(plan.batch, range(CNN_MOST))
        return (float(network.step((images,), digits)) for images, _, digits in batches)

    return train


GRU_MOST, TRANSFORMER_MOST, CNN_MOST = 160, 120, 120
WORKLOADS = (
    Workload("gru", _gru, 2.0, GRU_MOST),
    Workload("transformer", _transformer, 2.25, TRANSFORMER_MOST),
    Workload("cnn", _cnn, 0.25, CNN_MOST),
)
