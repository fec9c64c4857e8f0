"""What of a training is recorded: the first step in full, then loss by loss, and the weights where parity ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.descent import Inputs, Training

Batches = Sequence[tuple["Inputs", NDArray[Any]]]


def record_first_step(
    training: Training, inputs: Inputs, truth: NDArray[Any], record: Recorder, title: str = "", *, pooled: bool = False
) -> None:
    """Record output, loss and every gradient before anything is learned.

    A bias of one or two numbers may cancel whole: its unit is the largest gradient of its layer, whose kernel has sums
    of the same slopes. Where a model is `pooled`, all of it gets one sum of slopes, and the unit is the model's.
    """
    record.tensor("forward", f"{title}output", training.output(*inputs))
    loss, gradients = training.gradients(inputs, truth)
    record.tensor("loss", f"{title}loss", loss)
    largest: dict[str, float] = {}
    for name, gradient in gradients.items():
        layer = _layer(name, pooled=pooled)
        largest[layer] = max(largest.get(layer, 0.0), float(np.abs(gradient).max()))
    for name, gradient in reversed(gradients.items()):  # output layer first: the order of backpropagation
        unit = largest[_layer(name, pooled=pooled)]
        record.tensor("gradient", f"{title}gradient of {name}", gradient, unit=unit)


def _layer(name: str, *, pooled: bool) -> str:
    return "" if pooled else name.rpartition(".")[0]


def record_training(
    training: Training, batches: Batches, parity_steps: int, record: Recorder, title: str = ""
) -> list[float]:
    """Train over `batches` and return the losses; after `parity_steps` they are of the kind ``later``.

    Measures the rate of the second half, in steps per second.
    """
    losses: list[float] = []
    for step, (inputs, truth) in enumerate(batches, start=1):
        if step == len(batches) // 2 + 1:
            halfway = time.perf_counter()
        losses.append(training.step(inputs, truth))
        record.tensor("loss" if step <= parity_steps else "later", f"{title}loss", losses[-1], step)
        if step == parity_steps:
            record.tensors("weight", training.weights(), step, title)
        record.progress(step, len(batches))
    seconds = time.perf_counter() - halfway
    record.measure(f"{title}steps per second", (len(batches) - len(batches) // 2) / seconds)
    return losses
