"""Exact arithmetic: computations with one right answer for any order of summation, threads and instruction set.

A float32 holds any integer below 2^24 exactly. Sums of products whose terms' magnitudes add up to less (times one
power of two) are therefore the same in every order of summation, with or without fused multiply-add, in any wider
precision and on any processor. Here whole trainings live on such a grid: activations and the weights that enter a
product are multiples of 2^-6 in [-2, 2], slopes (gradients) multiples of 2^-6 in [-4, 4], and SGD moves the weights on
a grid of 2^-11. Rounding to the grid is an operation of its own, half to even, whose backward pass rounds the slope
the same way; matrix products, additions, automatic differentiation and all-reduce are the framework's own.

The promise (L0, one SHA-256 anywhere) holds where what enters a product is kept to at least 8 significant bits and sums
to at least 24: float64, float32, and TF32, bf16 or fp16 inputs with float32 sums. Emulating every product, forward and
back, bounds it from both sides (`benchmarks/selftest_exact_bounds.py`): the trainings keep every bit down to 8 bits of
inputs and 16 of sums, and lose some at 7 and at 15; the primitives need the 24.

The reference computes with integers and never with floating point. Rounding absorbs most small errors from the final
weights, which is why every raw product of every step is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.exact.models import MODELS, SHAPES, WIDTH
from checks.exact.portability import check_portability
from checks.exact.reduction import draw_parts

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

STEPS = {"quick": 60, "full": 400}
LEARNING_RATE = 2.0**-5
GRID, STEEPEST = 64, 4  # numbers per one; where slopes are cut off
STRIDE = 2
"""Of the convolution. At stride 1 cuDNN may choose a Winograd or an FFT algorithm, whose transforms are not exact in
float32 (F(4×4, 3×3) has sixths and 24ths): right within tolerance, but not the one right answer. Both need stride 1
(cuDNN API reference, cudnnConvolutionForward, supported algorithms)."""

Array = NDArray[Any]


class Step(NamedTuple):
    """One step of one model: the loss, all raw products of the forward pass in order, and the raw weight slopes."""

    loss: Array
    products: list[Array]
    slopes: dict[str, Array]


class Trainer(Protocol):
    """One of `MODELS` with its optimiser."""

    def __init__(self, model: str, weights: dict[str, Array], inputs: Array, targets: Array, job: Job) -> None: ...
    def step(self) -> Step:
        """Make one step of SGD over the one batch."""

    def weights(self) -> dict[str, Array]:
        """Return the weights as they are."""


class Backend(Protocol):
    """A backend's module."""

    Trainer: type[Trainer]

    def all_reduce(self, parts: Array) -> Array:
        """Return what each rank has after all have added up the `parts` (ranks, n)."""

    def primitives(self, left: Array, right: Array, image: Array, kernel: Array, job: Job) -> dict[str, Array]:
        """Return ``product``, ``convolution`` (NCHW, stride 2), ``sum`` and ``running sum`` of the integers given."""


def prove(backend: Backend, job: Job, record: Recorder) -> None:
    """Record everything; where there is time, also see that no change of the environment changes it.

    One round does that: each environment is a fresh process, and is held against integers, not against another round.
    """
    record_all(backend, job, record)
    if job.profile == "full" and job.framework != "reference" and job.round == 1:
        check_portability(job, record, len(MODELS) * STEPS[job.profile])


def record_all(backend: Backend, job: Job, record: Recorder) -> None:
    """Record all-reduce and primitives, then every product, slope and weight of each model's training.

    All-reduce comes first: its ranks are forked, which must happen before the framework starts a thread.
    """
    record.tensor("exact", "all-reduce", canonical(backend.all_reduce(draw_parts(job.seed).astype(np.float32))))
    for name, value in backend.primitives(*draw_primitives(job.seed), job).items():
        record.tensor("exact", name, canonical(value))
    steps = STEPS[job.profile]
    for number, model in enumerate(MODELS):
        trainer = backend.Trainer(model, *draw(model, job.seed), job)
        losses = []
        for step in range(1, steps + 1):
            done = trainer.step()
            losses.append(float(done.loss))
            record.tensor("exact", f"{model}.products", canonical(*done.products, done.loss), step)
            record.tensor("exact", f"{model}.slopes", canonical(*done.slopes.values()), step)
            record.progress(number * steps + step, len(MODELS) * steps)
        record.tensor("exact", f"{model}.weights", canonical(*trainer.weights().values()), steps)
        detail = f"{losses[0]:.4f} → {losses[-1]:.4f}"
        record.invariant(f"{model}: training lowers the loss", losses[-1] < losses[0] / 2, detail)


def canonical(*arrays: Array) -> NDArray[np.float32]:
    """Return the arrays as one, in float32 (which is exact) and without negative zeros (which sums may leave)."""
    return np.concatenate([np.asarray(array, np.float32).reshape(-1) for array in arrays]) + np.float32(0)


def draw(model: str, seed: int) -> tuple[dict[str, Array], Array, Array]:
    """Draw weights in [-1/2, 1/2), inputs in [-1, 1) and targets in [-1, 1), all multiples of 2^-6."""
    weights = {name: (integers(seed, name, shape, bits=6) - 32) / GRID for name, shape in SHAPES[model].items()}
    inputs = (integers(seed, f"{model} inputs", MODELS[model].inputs, bits=7) - 64) / GRID
    targets = (integers(seed, f"{model} targets", (WIDTH, WIDTH), bits=7) - 64) / GRID
    return weights, inputs, targets


def draw_primitives(seed: int) -> tuple[Array, Array, Array, Array]:
    """Draw integers of 8 bits whose partial sums stay below 2^24; the left ones have no sign, so sums grow long."""
    shapes = {"left": (96, 256), "right": (256, 80), "image": (2, 8, 20, 20), "kernel": (12, 8, 3, 3)}
    left, right, image, kernel = (integers(seed, name, shape, bits=8) for name, shape in shapes.items())
    return left, right - 128, image - 128, kernel - 128
