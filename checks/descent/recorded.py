"""What of a training is recorded: the first step in full, then loss by loss, and the weights where parity ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.descent import Inputs, Training

Batches = Sequence[tuple["Inputs", NDArray[Any]]]


def record_first_step(
    training: Training, inputs: Inputs, truth: NDArray[Any], record: Recorder, title: str = ""
) -> None:
    """Record output, loss and every gradient before anything is learned."""
    record.tensor("forward", f"{title}output", training.output(*inputs))
    loss, gradients = training.gradients(inputs, truth)
    record.tensor("loss", f"{title}loss", loss)
    for name, gradient in reversed(gradients.items()):  # output layer first: the order of backpropagation
        record.tensor("gradient", f"{title}gradient of {name}", gradient)


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
