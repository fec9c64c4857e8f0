"""What of a training is recorded: the first step in full, then loss by loss, and the weights where parity ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from checks.common.sway import record_weights, twins_of, unit

if TYPE_CHECKING:
    from checks.common.record import Recorder
    from checks.descent import Inputs, Training

Batches = Sequence[tuple["Inputs", NDArray[Any]]]


def record_first_step(
    training: Training, inputs: Inputs, truth: NDArray[Any], record: Recorder, title: str = ""
) -> None:
    """Record output, loss and every gradient before anything is learned."""
    twins = twins_of(training)
    output = training.output(*inputs)
    record.tensor("forward", f"{title}output", output, unit=unit(output, [twin.output(*inputs) for twin in twins]))
    loss, gradients = training.gradients(inputs, truth)
    swayed = [twin.gradients(inputs, truth) for twin in twins]
    record.tensor("loss", f"{title}loss", loss, unit=unit(loss, [one for one, _ in swayed]))
    for name, gradient in reversed(gradients.items()):  # output layer first: the order of backpropagation
        known_by = unit(gradient, [theirs[name] for _, theirs in swayed])
        record.tensor("gradient", f"{title}gradient of {name}", gradient, unit=known_by)


def record_training(
    training: Training,
    batches: Batches,
    parity_steps: int,
    record: Recorder,
    title: str = "",
    counted: str = "steps",
) -> list[float]:
    """Train over `batches` and return the losses; after `parity_steps` they are of the kind ``later``.

    Measures the rate of the second half, as steps per second, or under another name for what is `counted`.
    """
    losses: list[float] = []
    for loss in record_steps(training, batches, parity_steps, record, title):
        if len(losses) == len(batches) // 2:
            halfway = time.perf_counter()
        losses.append(loss)
        record.progress(len(losses), len(batches))
    seconds = time.perf_counter() - halfway
    record.measure(f"{counted} per second", (len(batches) - 1 - len(batches) // 2) / seconds)
    return losses


def record_steps(
    training: Training, batches: Batches, parity_steps: int, record: Recorder, title: str = ""
) -> Iterator[float]:
    """Make the steps one by one, and yield each loss; the weights are recorded where parity ends."""
    twins = twins_of(training) if parity_steps else ()
    for step, (inputs, truth) in enumerate(batches, start=1):
        loss = training.step(inputs, truth)
        if step <= parity_steps:
            known_by = unit(loss, [twin.step(inputs, truth) for twin in twins])
            record.tensor("loss", f"{title}loss", loss, step, known_by)
        else:
            record.tensor("later", f"{title}loss", loss, step)
        if step == parity_steps:
            record_weights(training, twins, record, step, title)
        yield loss
