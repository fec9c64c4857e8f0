"""What must hold of integrated gradients for any network: the axioms of the paper, and the rate of convergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.training_recipe import SIDE

if TYPE_CHECKING:
    from checks.attribution import Backend, Model, Question, Weights
    from checks.common.job import Job
    from checks.common.record import Recorder

_COARSE, _FINE = 8, 64
_FASTER = 16.0
"""Times smaller that the error must be at 64 points than at 8: 64 by the midpoint rule, 8 by a sum from either end."""
_LEAST_SHARE = 0.5
_ROUNDINGS, _ROUNDED = 256, 16
"""Between two orders of computation: two sums of 64 products, forward and back, and one over the points."""
_DRAWN = 6
"""Pictures that a report draws."""

Array = NDArray[np.floating]


def check_axioms(model: Model, backend: Backend, asked: Question, job: Job, record: Recorder) -> None:
    """Record them all for the trained model, and for others with its weights changed."""
    weights = {name: weight.astype(np.float64) for name, weight in model.weights().items()}
    found = model.attributions(asked, _FINE)
    floor = job.rounding(_ROUNDINGS, _ROUNDED)
    largest = float(np.abs(found).max())
    _complete(model, asked, found, floor, record)
    _same("implementation invariance: the same function written otherwise", model.rewritten(asked, _FINE), found,
          floor * largest, record)  # fmt: skip
    _linear(backend, weights, asked, floor, job, record)
    _dummy(backend, weights, asked, job, record)
    _symmetric(backend, weights, asked, floor, job, record)
    _recognised(asked, found, record)
    _draw(asked, found, record)


def _complete(model: Model, asked: Question, found: Array, floor: float, record: Recorder) -> None:
    """Add attributions up to the score's distance from the baseline's; the midpoint rule converges quadratically."""
    rows = np.arange(len(asked.classes))
    here, there = (model.scores(at)[rows, asked.classes].astype(np.float64) for at in (asked.pictures, asked.baseline))
    rise = here - there

    def lacking(attributions: Array) -> float:
        return float(np.abs(attributions.astype(np.float64).sum(axis=1) - rise).max())

    coarse, fine = lacking(model.attributions(asked, _COARSE)), lacking(found)
    allowed = coarse / _FASTER + floor * float(np.abs(here).max() + np.abs(found).sum(axis=1).max())
    detail = f"{fine:.2e} apart at {_FINE} points, {coarse:.2e} at {_COARSE}, allowed {allowed:.2e}"
    record.invariant("completeness, with the midpoint rule's convergence", fine <= allowed, detail)


def _linear(backend: Backend, weights: Weights, asked: Question, floor: float, job: Job, record: Recorder) -> None:
    """Of a·F + b·G, where G is the next class's score: the attributions are a and b times theirs."""
    a, b = 0.5, 0.25
    mixed = weights["output.weight"], np.roll(weights["output.weight"], -1, axis=0)
    both = backend.Model(weights | {"output.weight": a * mixed[0] + b * mixed[1]}, job).attributions(asked, _FINE)
    one, other = (
        backend.Model(weights | {"output.weight": weight}, job).attributions(asked, _FINE).astype(np.float64)
        for weight in mixed
    )
    _same("linearity: a sum of two scores", both, a * one + b * other, floor * float(np.abs(one).max()), record)


def _dummy(backend: Backend, weights: Weights, asked: Question, job: Job, record: Recorder) -> None:
    """Expect no part for a pixel that the network does not look at, and all of it for one that alone differs."""
    blind = weights["hidden.weight"].copy()
    blind[:, ::3] = 0
    unseen = backend.Model(weights | {"hidden.weight": blind}, job).attributions(asked, _FINE)[:, ::3]
    most = float(np.abs(unseen).max())
    record.invariant("sensitivity: a pixel that is not looked at has no part", most == 0, f"at most {most:.2g}")
    alone = asked._replace(pictures=asked.baseline + np.eye(len(asked.pictures), asked.pictures.shape[1]))
    parts = np.abs(backend.Model(weights, job).attributions(alone, _FINE))
    rows = np.arange(len(parts))
    own = parts[rows, rows].copy()
    parts[rows, rows] = 0
    others = float(parts.max())
    holds = bool((own > 0).all()) and others == 0
    detail = f"at least {float(own.min()):.2g}, the others {others:.2g}"
    record.invariant("sensitivity: the one pixel that differs has it all", holds, detail)


def _symmetric(backend: Backend, weights: Weights, asked: Question, floor: float, job: Job, record: Recorder) -> None:
    """Two pixels with the same weights and the same value have the same part."""
    weight, pictures = weights["hidden.weight"].copy(), asked.pictures.copy()
    weight[:, 1], pictures[:, 1] = weight[:, 0], pictures[:, 0]
    found = backend.Model(weights | {"hidden.weight": weight}, job).attributions(
        asked._replace(pictures=pictures), _FINE
    )
    _same(
        "symmetry: pixels that may be exchanged", found[:, 0], found[:, 1], floor * float(np.abs(found).max()), record
    )


def _recognised(asked: Question, found: Array, record: Recorder) -> None:
    """Look for what speaks for the class in its column, one of eight, as a person would."""
    speaking = np.maximum(found, 0).reshape(len(found), SIDE, SIDE)
    share = float(speaking[np.arange(len(found)), :, asked.classes].sum() / speaking.sum())
    record.measure("share of the lit column", share)
    detail = f"{share:.1%}, at least {_LEAST_SHARE:.0%} expected; 12.5% by chance"
    record.invariant("the lit column speaks for its class", share >= _LEAST_SHARE, detail)


def _draw(asked: Question, found: Array, record: Recorder) -> None:
    """Keep the first pictures with what each of their pixels speaks for or against the class, for a report."""
    shape = (_DRAWN, SIDE, SIDE)
    record.picture("explained", asked.pictures[:_DRAWN].reshape(shape), "picture, y, x; brightness")
    record.picture(
        "attributions", np.asarray(found[:_DRAWN], np.float64).reshape(shape), "picture, y, x; share of score"
    )
    record.picture("explained: classes", asked.classes[:_DRAWN], "picture; the lit column")


def _same(name: str, one: Array, other: Array, allowed: float, record: Recorder) -> None:
    apart = float(np.abs(one.astype(np.float64) - other).max())
    record.invariant(name, apart <= allowed, f"{apart:.2e} apart, allowed {allowed:.2e}")
