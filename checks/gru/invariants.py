"""What must hold of any correct GRU classifier, whatever its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from checks.common.half_precision import OVERFLOWING, check_kept, check_overflow

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.gru import Model, Plan

_EPS = 2.0**-23
_OVERFIT_NAMES, _OVERFIT_STEPS = 8, 80


def check_invariants(model: Model, plan: Plan, job: Job, record: Recorder) -> None:
    """Record them all; `model` comes trained and is left changed."""
    check_kept(model.weights()["gru.recurrent"], record)
    _padding(model, plan, job, record)
    _accuracy(model, plan, record)
    _initial_loss(model, plan, record)
    _overfit(model, plan, record)
    if job.precision == "fp16":
        model.load(plan.weights | {"output.weight": OVERFLOWING * plan.weights["output.weight"]})
        check_overflow(model, plan.corpus.batch(plan.learned[:_OVERFIT_NAMES]), record)


def _initial_loss(model: Model, plan: Plan, record: Recorder) -> None:
    """With a zero output layer every language is equally likely: the loss is ln(languages)."""
    silent = plan.weights | {name: np.zeros_like(plan.weights[name]) for name in ("output.weight", "output.bias")}
    model.load(silent)
    loss, _ = model.gradients(plan.corpus.batch(plan.learned[:_OVERFIT_NAMES]))
    expected = math.log(len(plan.corpus.languages))
    holds = abs(loss - expected) <= 8 * _EPS * expected
    record.invariant("a zero output layer loses ln(languages)", holds, f"{loss:.7f}, expected {expected:.7f}")


def _padding(trained: Model, plan: Plan, job: Job, record: Recorder) -> None:
    """Neither more padding nor other names in the batch may change a name's scores by more than rounding."""
    names = plan.kept[:32]
    together = trained.logits(plan.corpus.batch(names))
    padded = trained.logits(plan.corpus.batch(names, padding=7))
    alone = np.concatenate([trained.logits(plan.corpus.batch(names[place : place + 1])) for place in range(4)])
    allowed = job.rounding(64, 4) * np.abs(together).max()
    for what, other in (("more padding", padded), ("company in the batch", alone)):
        apart = np.abs(other - together[: len(other)]).max()
        record.invariant(f"{what} changes no score", apart <= allowed, f"{apart:.2e}, allowed {allowed:.2e}")


def _overfit(model: Model, plan: Plan, record: Recorder) -> None:
    """Learn a handful of names by heart, as any model that learns at all can."""
    batch = plan.corpus.batch(plan.learned[:_OVERFIT_NAMES])
    model.load(plan.weights)
    first, *_, last = (model.step(batch) for _ in range(_OVERFIT_STEPS))
    record.invariant("one batch is learned by heart", last < first / 10, f"loss {first:.4f} → {last:.4f}")


def _accuracy(trained: Model, plan: Plan, record: Recorder) -> None:
    """After training it must know more of unseen names than which language is the commonest."""
    batch = plan.corpus.batch(plan.kept)
    accuracy = float(np.mean(trained.logits(batch).argmax(axis=1) == batch.languages))
    majority = float(np.bincount(batch.languages).max() / len(batch.languages))
    record.measure("accuracy", accuracy)
    record.invariant(
        "better than the commonest language", accuracy > majority, f"{accuracy:.1%} against {majority:.1%}"
    )
