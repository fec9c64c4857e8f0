"""The published rule of each optimiser: weights after given gradients, with rates and decays exact in binary."""

from __future__ import annotations

from typing import Any

from checks.operations.functions import absolute, maximum, sqrt

EPSILON = 2.0**-10
RATE = 2.0**-4


def sgd(w: Any, g: Any, momentum: float = 0, dampening: float = 0, decay: float = 0, nesterov: bool = False) -> Any:
    """Return w after SGD over the rows of g; the first step is not dampened."""
    velocity: Any = None
    for n in range(len(g)):
        slope = g[n] + decay * w
        if momentum:
            velocity = slope if velocity is None else momentum * velocity + (1 - dampening) * slope
            slope = slope + momentum * velocity if nesterov else velocity
        w = w - RATE * slope
    return w


def adam(
    w: Any, g: Any, decay: float = 0, shrink: float = 0, amsgrad: bool = False, inside: bool = False, rate: float = RATE
) -> Any:
    """Return w after Adam with β 7/8 and 31/32.

    `decay` is L2, `shrink` is decoupled, `inside` puts ε before the correction.
    """
    m: Any = 0.0
    v: Any = 0.0
    top: Any = 0.0
    for n in range(1, len(g) + 1):
        w = w * (1 - rate * shrink) if shrink else w
        slope = g[n - 1] + decay * w if decay else g[n - 1]
        m = 0.875 * m + 0.125 * slope
        v = 0.96875 * v + 0.03125 * (slope * slope)
        top = maximum(top, v) if amsgrad else v
        first, second = 1 - 0.875**n, (1 - 0.96875**n) ** 0.5
        bottom = sqrt(top) / second + (EPSILON / second if inside else EPSILON)
        w = w - rate / first * (m / bottom)
    return w


def rms(w: Any, g: Any, centred: bool = False, momentum: float = 0, inside: bool = False) -> Any:
    """Return w after RMSprop with α 31/32; `inside` puts ε under the root."""
    v: Any = 0.0
    mean: Any = 0.0
    velocity: Any = 0.0
    for n in range(len(g)):
        v = 0.96875 * v + 0.03125 * (g[n] * g[n])
        mean = 0.96875 * mean + 0.03125 * g[n]
        square = v - mean * mean if centred else v
        step = g[n] / (sqrt(square + EPSILON) if inside else sqrt(square) + EPSILON)
        velocity = momentum * velocity + step if momentum else step
        w = w - RATE * velocity
    return w


def adagrad(w: Any, g: Any, first: float = 0.5, inside: bool = False) -> Any:
    """Return w after Adagrad that starts from `first`; `inside` puts ε under the root."""
    total: Any = first
    for n in range(len(g)):
        total = total + g[n] * g[n]
        w = w - RATE * (g[n] / (sqrt(total + EPSILON) if inside else sqrt(total) + EPSILON))
    return w


def adadelta(w: Any, g: Any) -> Any:
    """Return w after Adadelta with ρ 7/8."""
    v: Any = 0.0
    moved: Any = 0.0
    for n in range(len(g)):
        v = 0.875 * v + 0.125 * (g[n] * g[n])
        step = sqrt(moved + EPSILON) / sqrt(v + EPSILON) * g[n]
        moved = 0.875 * moved + 0.125 * (step * step)
        w = w - RATE * step
    return w


def adamax(w: Any, g: Any, after: bool = False) -> Any:
    """Return w after Adamax; `after` adds ε to the largest, and not to each."""
    m: Any = 0.0
    top: Any = 0.0
    for n in range(1, len(g) + 1):
        m = 0.875 * m + 0.125 * g[n - 1]
        top = maximum(0.96875 * top, absolute(g[n - 1]) + (0.0 if after else EPSILON))
        w = w - RATE / (1 - 0.875**n) * (m / (top + EPSILON if after else top))
    return w
