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

from checks import boundary, cnn, gru, mlp, transformer
from checks.boundary import plane

if TYPE_CHECKING:
    from checks.common.job import Job

_EACH = 2
_PASSES = 3


class Drawn(NamedTuple):
    """What a workload is given: its weights at the start, and so many batches of them."""

    weights: dict[str, Any]
    batches: Callable[[int], list[Any]]

    @property
    def parameters(self) -> int:
        """Return how many numbers are trained."""
        return sum(int(np.size(weight)) for weight in self.weights.values())


class Workload(NamedTuple):
    """A workload of another check: its name, what it is given, its model, its step, and the formula of a step."""

    name: str
    draw: Callable[[Job], Drawn]
    model: Callable[[Any, Drawn, Job], Any]
    step: Callable[[Any, Any], float]
    flops: Callable[[Drawn, Any], int]


def dense_flops() -> int:
    """Return the operations of a step of the network of `boundary`, whose first layer needs no slope of its input."""
    sizes = (2, boundary.HIDDEN, boundary.HIDDEN, 1)
    layers = [wide * out for wide, out in itertools.pairwise(sizes)]
    return _EACH * plane.POINTS * (_PASSES * sum(layers) - layers[0])


def _draw_boundary(job: Job) -> Drawn:
    return Drawn(boundary.draw_weights(job.seed), lambda steps: [plane.draw(job.seed)] * steps)


def _draw_gru(job: Job) -> Drawn:
    plan = gru.draw_plan(job)
    return Drawn(plan.weights, lambda steps: gru.batches(plan, job.seed, steps))


def _draw_transformer(job: Job) -> Drawn:
    plan = transformer.draw_plan(job.seed)
    return Drawn(plan.weights, lambda steps: [plan.batch(step, causal=True) for step in range(steps)])


def _gru_flops(drawn: Drawn, batch: Any) -> int:
    rows, places = map(int, batch.letters.shape)
    cell = 3 * gru.HIDDEN * (gru.EMBEDDING + gru.HIDDEN)
    return _EACH * _PASSES * rows * (places * cell + gru.HIDDEN * len(drawn.weights["output.bias"]))


def _transformer_flops(drawn: Drawn, batch: Any) -> int:
    rows, places = map(int, batch.letters.shape)
    products = sum(int(weight.size) for name, weight in drawn.weights.items() if name.endswith(".weight"))
    attention = 2 * transformer.BLOCKS * places * transformer.WIDTH
    return _EACH * _PASSES * rows * places * (products + attention)


def _draw_mlp(job: Job) -> Drawn:
    points = mlp.draw_points(job.seed, "learned")
    return Drawn(mlp.draw_weights(job.seed, "network"), lambda steps: [((points.x,), points.inside)] * steps)


def _draw_cnn(job: Job) -> Drawn:
    plan = cnn.draw_plan(job.seed)

    def batches(steps: int) -> list[Any]:
        taken = (plan.batch(step) for step in range(steps))
        return [((images,), digits) for images, _, digits in taken]

    return Drawn(cnn.draw_weights(job.seed), batches)


def _frame_flops(drawn: Drawn, batch: Any) -> int:
    """Return the operations of a model of dense layers and convolutions 3 x 3, halved in side after each of those.

    A kernel is used once per row, a convolution's at each place of the image that comes in.
    """
    (inputs,), side = batch[0], cnn.SIDE
    kernels = [weight for name, weight in drawn.weights.items() if name.endswith(".kernel")]
    found = 0
    for number, kernel in enumerate(kernels):
        places, side = (side * side, side // 2) if np.ndim(kernel) == 4 else (1, side)
        found += _EACH * (_PASSES - (number == 0)) * len(inputs) * places * int(np.size(kernel))
    return found


WORKLOADS = (
    Workload(
        "boundary",
        _draw_boundary,
        lambda module, drawn, job: module.Network(drawn.weights, job),
        lambda model, sample: float(model.step(sample.points, sample.labels)),
        lambda drawn, batch: dense_flops(),  # noqa: ARG005 - all take the same
    ),
    Workload(
        "gru",
        _draw_gru,
        lambda module, drawn, job: module.Model(drawn.weights, job),
        lambda model, batch: float(model.step(batch)),
        _gru_flops,
    ),
    Workload(
        "transformer",
        _draw_transformer,
        lambda module, drawn, job: module.Model(drawn.weights, job, causal=True),
        lambda model, batch: float(model.step(batch)),
        _transformer_flops,
    ),
    Workload(
        "mlp",
        _draw_mlp,
        lambda module, drawn, job: module.training("network", "cross-entropy", "adam", drawn.weights, job),
        lambda model, batch: float(model.step(*batch)),
        _frame_flops,
    ),
    Workload(
        "cnn",
        _draw_cnn,
        lambda module, drawn, job: module.network(drawn.weights, job),
        lambda model, batch: float(model.step(*batch)),
        _frame_flops,
    ),
)
