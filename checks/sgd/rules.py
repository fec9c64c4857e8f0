"""The eight optimisers with settings that every framework can hold exactly: all are exact in binary.

Where frameworks place ε differently (`conventions.py`), it is too small to be seen: 2^-120 vanishes beside any gradient
drawn here, wherever it stands, and still keeps 0 / 0 from happening.
"""

from __future__ import annotations

from typing import NamedTuple

MOMENTUM = 0.875
DECAY = 0.9375
"""How much of a running mean of squares is kept: RMSprop's and Adadelta's ρ."""
BETAS = (0.875, 0.96875)
"""Adam's. Keras computes 1 - β₂^t in float32, which costs digits as β₂ nears 1: five bits here, ten with 0.999."""
WEIGHT_DECAY = 0.0625
UNSEEN = 2.0**-120
ADADELTA_EPSILON = 2.0**-20
"""Not unseen, for it is what makes Adadelta start to move; it stands inside both roots in every framework."""


class Rule(NamedTuple):
    """One optimiser and its rates: step by step, in Himmelblau's valleys (gentle, wild), and on the names."""

    name: str
    rate: float
    valley_rates: tuple[float, float]
    names_rate: float
    epsilon: float = UNSEEN


RULES = (
    Rule("sgd", 0.25, (2.0**-8, 2.0**-6), 0.25),
    Rule("momentum", 0.25, (2.0**-9, 2.0**-5), 2.0**-4),
    Rule("nesterov", 0.25, (2.0**-9, 2.0**-6), 2.0**-4),
    Rule("adagrad", 0.25, (0.5, 4.0), 0.125),
    Rule("adadelta", 1.0, (16.0, 128.0), 16.0, ADADELTA_EPSILON),
    Rule("rmsprop", 0.25, (2.0**-4, 1.0), 2.0**-6),
    Rule("adam", 0.25, (0.125, 2.0), 2.0**-5),
    Rule("adamw", 0.25, (0.125, 2.0), 2.0**-5),
)
