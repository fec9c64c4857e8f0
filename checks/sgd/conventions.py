"""What frameworks do differently on purpose: each is measured, and must be what the framework documents.

Everything is derived from the first steps of a single weight that starts at 0, where each convention gives a different
number. g = ε = 1/8 and η = 1, so that ε is as large as the quantity it is added to.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from checks.sgd.rules import BETAS, DECAY, MOMENTUM, Rule

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.sgd import Backend

_G = _EPSILON = 0.125
_ULPS = 8 * 2.0**-23

# what → place → how far the weight goes down
EPSILONS = {
    "adagrad": {
        "beside the root": _G / (_G + _EPSILON),
        "inside the root": _G / sqrt(_G**2 + _EPSILON),
    },
    "rmsprop": {
        "beside the root": _G / (sqrt((1 - DECAY) * _G**2) + _EPSILON),
        "inside the root": _G / sqrt((1 - DECAY) * _G**2 + _EPSILON),
    },
    "adam": {
        "beside the root": _G / (_G + _EPSILON),
        "beside the root, before the bias correction": _G / (_G + _EPSILON / sqrt(1 - BETAS[1])),
        "inside the root": _G / sqrt(_G**2 + _EPSILON),
    },
}
# two steps with g = 1, at η = 1/4 and then 1/8
RATES = {
    "scales all velocity": 1 / 4 + (MOMENTUM + 1) / 8,
    "scales new gradients only": 1 / 4 + MOMENTUM / 4 + 1 / 8,
}


def check_conventions(backend: Backend, job: Job, record: Recorder) -> None:
    """Record one invariant per convention."""
    for name, places in EPSILONS.items():
        optimiser = backend.Optimiser(Rule(name, 1.0, (1.0, 1.0), 1.0, _EPSILON), {"weight": np.zeros(1)}, job)
        optimiser.apply({"weight": np.array([_G])})
        _check(backend, f"ε of {name}", -float(optimiser.weights()["weight"][0]), places, record)
    optimiser = backend.Optimiser(Rule("momentum", 0.25, (1.0, 1.0), 1.0), {"weight": np.zeros(1)}, job)
    optimiser.apply({"weight": np.ones(1)})
    optimiser.set_rate(0.125)
    optimiser.apply({"weight": np.ones(1)})
    _check(backend, "a new rate under momentum", -float(optimiser.weights()["weight"][0]), RATES, record)


def _check(backend: Backend, what: str, measured: float, places: dict[str, float], record: Recorder) -> None:
    documented = backend.CONVENTIONS[what]
    found = [place for place, value in places.items() if abs(measured - value) <= _ULPS * value]
    detail = f"{measured:.7g} means {found[0] if found else 'none that is known'}"
    record.invariant(f"{what}: {documented}", found == [documented], detail)
