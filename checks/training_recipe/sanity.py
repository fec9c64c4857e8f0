"""The list: each item records an invariant, or an observation with the reason why it does not apply."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.training_recipe.accumulation import check_accumulation
from checks.training_recipe.guess import classes, right

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.training_recipe import Subject

Array = NDArray[np.floating]

NOT_CHECKED = "not checked"
_STEPS = {"quick": 300, "full": 1000}
"""Bound for learning one batch; a model that can usually has after some ten to a hundred steps."""
_LOOK = 10
"""Steps between two looks at whether the batch is learned."""
_WORSE = 2.0
"""Times ln(classes): a new model that is surer of wrong answers than a guess spends its first steps unlearning them."""
_LEARNED = 0.1
_ROUNDINGS, _ROUNDED = 2048, 32
"""Allowed between two orders of computation: enough for any depth, a thousandth of what a leak or a lost row makes."""


def check_sanity(subject: Subject, again: Subject, job: Job, record: Recorder) -> None:
    """Go through the list; `again` was built a second time from the same seed. The subject is left changed."""
    _data(subject, record)
    start = subject.outputs()
    record.tensor("own", "outputs", _shown(start))
    same = np.array_equal(start, again.outputs(), equal_nan=True)
    record.invariant("the same seed builds the same model", same, "outputs of two builds, bit for bit")
    _initial_loss(subject, start, record)
    _reached(subject, record)
    _evaluation(subject, start, record)
    allowed = job.rounding(_ROUNDINGS, _ROUNDED)
    _rows(subject, start, allowed, record)
    check_accumulation(subject, allowed, record)
    _training(subject, start, job, record)


def _data(subject: Subject, record: Recorder) -> None:
    """Look at the data exactly where it enters the model, as the last place where it can be seen."""
    inputs, targets = subject.inputs, subject.targets
    kind = f"{inputs.dtype} {inputs.shape}, {inputs.min():.4g} to {inputs.max():.4g}, mean {inputs.mean():.4g}"
    record.observe("data", "inputs", kind)
    record.observe("data", "targets", f"{targets.dtype} {targets.shape}")
    finite = bool(np.isfinite(inputs).all())
    record.invariant("the inputs are numbers", finite, "finite" if finite else kind)
    rows = inputs.reshape(len(inputs), -1)
    differ = len(np.unique(rows, axis=0))
    record.invariant("rows of the batch differ", differ > 1, f"{differ} of {len(rows)} are different")
    if subject.independent:
        pair = len(targets) == len(inputs)
        record.invariant("every row has a target", pair, f"{len(inputs)} rows, {len(targets)} targets")


def _initial_loss(subject: Subject, start: Array, record: Recorder) -> None:
    loss, count = subject.loss(), classes(start, subject.targets)
    record.tensor("own", "initial loss", loss)
    record.invariant("the loss at the start is a number", math.isfinite(loss), f"{loss:.6g}")
    if not count:
        record.observe(NOT_CHECKED, "the loss at the start", f"{loss:.4g}; targets are no classes of the outputs")
        return
    guess = math.log(count)
    most = _WORSE * guess
    holds = loss <= most or (loss <= most * len(subject.inputs) and _sums(subject))
    detail = f"{loss:.4f}, a guess among {count} loses {guess:.4f}"
    record.invariant("the loss at the start is at most twice a guess's", holds, detail)


def _sums(subject: Subject) -> bool:
    """Return whether the loss adds up the rows: then halves of them lose what the whole does, and else twice that."""
    count = len(subject.inputs)
    if not subject.independent or count < 2:
        return False
    whole = subject.loss()
    parts = subject.loss(np.arange(count // 2)) + subject.loss(np.arange(count // 2, count))
    return abs(whole - parts) < abs(whole - parts / 2)


def _reached(subject: Subject, record: Recorder) -> None:
    gradients = subject.gradients()
    lost = [name for name, one in gradients.items() if one is None or not one.any()]
    holds = bool(gradients) and not lost
    detail = f"none in {', '.join(lost[:4])}" if lost else f"{len(gradients)} weights"
    record.invariant("a gradient reaches every trainable weight", holds, detail)


def _evaluation(subject: Subject, start: Array, record: Recorder) -> None:
    """With dropout off at evaluation, the same rows have the same outputs."""
    again = subject.outputs()
    apart = float(np.abs(again - start).max(initial=0.0))
    record.invariant("dropout is off at evaluation", np.array_equal(again, start), f"two passes are {apart:.2g} apart")
    one, other = subject.outputs(training=True), subject.outputs(training=True)
    text = "differs from pass to pass" if not np.array_equal(one, other) else "nothing is drawn in training"
    record.observe("data", "training mode", text)
    subject.reset()  # what batch normalisation has averaged in these two passes would count at evaluation


def _rows(subject: Subject, start: Array, allowed: float, record: Recorder) -> None:
    """No row may know of another, and one alone has the output it has in the batch."""
    if not subject.independent or len(start) < 2:
        why = "rows depend on each other (independent=False)" if len(start) > 1 else "the batch has one row"
        record.observe(NOT_CHECKED, "output i depends on input i alone", why)
        return
    count = len(start)
    found = [leak for row in sorted({0, count // 2, count - 1}) if (leak := _leak(subject, start, row, allowed))]
    advice = "view or reshape where permute or transpose was meant mixes rows, and so does a statistic of the batch"
    detail = f"{found[0]}: {advice}" if found else "rows first, middle and last"
    record.invariant("output i depends on input i alone", not found, detail)
    alone = np.concatenate([subject.outputs(np.array([row])) for row in range(min(count, 4))])
    if alone.shape != start[: len(alone)].shape:
        record.invariant("a row alone has its output", False, f"shape {alone.shape} for {len(alone)} rows")
        return
    apart, most = float(np.abs(alone - start[: len(alone)]).max()), allowed * float(np.abs(start).max())
    record.invariant("a row alone has its output", apart <= most, f"{apart:.2g}, allowed {most:.2g}")


def _leak(subject: Subject, start: Array, row: int, allowed: float) -> str:
    """Return how output `row` depends on another row, or that it does not depend on its own; "" if all is well."""
    reach = subject.reach(row)
    if reach is None:
        return _exchange_leak(subject, start, row, allowed)
    others = [other for other in np.flatnonzero(reach) if other != row]
    if others:
        return f"the gradient of output {row} reaches input {others[0]}"
    return "" if reach[row] else f"the gradient of output {row} does not reach input {row}"


def _exchange_leak(subject: Subject, start: Array, row: int, allowed: float) -> str:
    """Integers have no gradient: exchange a row for another, and see which outputs change."""
    by = next((other for other in range(len(start)) if (subject.inputs[other] != subject.inputs[row]).any()), row)
    changed = np.abs(subject.exchanged(row, by) - start).reshape(len(start), -1).max(axis=1)
    moved = [other for other in np.flatnonzero(changed > allowed * np.abs(start).max()) if other != row]
    if moved:
        return f"output {moved[0]} changes with input {row}"
    return "" if changed[row] or by == row else f"output {row} does not change with input {row}"


def _training(subject: Subject, start: Array, job: Job, record: Recorder) -> None:
    """Learn the batch by heart, look at the predictions on the way, and do the same without the input."""
    first, steps, outputs = subject.loss(), 0, start
    while steps < _STEPS[job.profile]:
        loss = subject.step()
        steps += 1
        if steps & (steps - 1) == 0:  # 1, 2, 4, …
            record.tensor("own", "training loss", loss, steps)
            outputs = subject.outputs()
            record.tensor("own", "predictions", _shown(outputs), steps)
        if steps == 1:
            moved = float(np.abs(outputs - start).max())
            record.invariant("one step moves the predictions", moved > 0, f"by {moved:.2g}")
        if steps % _LOOK == 0 and _learned(subject, first, record=None):
            break
    _learned(subject, first, record, steps)
    seeing = subject.loss()
    subject.reset()
    _blind(subject, seeing, steps, record)
    subject.reset()
    back = np.array_equal(subject.outputs(), start)
    record.invariant("the weights of the start bring its outputs back", back, "bit for bit, after a training")


def _learned(subject: Subject, first: float, record: Recorder | None, steps: int = 0) -> bool:
    last, outputs = subject.loss(), subject.outputs()
    known = right(outputs, subject.targets)
    holds = last <= _LEARNED * first or (known == 1.0 and last < first)
    if record is not None:
        share = "" if known is None else f", {known:.0%} right"
        detail = f"loss {first:.4g} → {last:.4g} in {steps} steps{share}"
        finite = math.isfinite(last) and bool(np.isfinite(outputs).all())
        record.invariant("numbers stay finite", finite, f"loss {last:.4g}")
        record.invariant("the loss falls", last < first, detail)
        record.invariant("one batch is learned by heart", holds, detail)
    return holds


def _blind(subject: Subject, seeing: float, steps: int, record: Recorder) -> None:
    """Train without the input: no more can be learned so than how often each target comes."""
    for _ in range(steps):
        subject.step(blank=True)
    without = subject.loss(blank=True)
    detail = f"loss {seeing:.4g} with the input, {without:.4g} with zeros in its place, after {steps} steps"
    record.invariant("the input helps", seeing < without, detail)


def _shown(outputs: Array) -> Array:
    """Return the beginning of the outputs, which is enough to compare bits and to draw."""
    return outputs.reshape(-1)[:256]
