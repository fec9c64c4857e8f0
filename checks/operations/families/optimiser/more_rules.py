"""The published rules of the rarer optimisers: weights after given gradients, with rates exact in binary."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.operations.families.optimiser.rules import EPSILON, RATE
from checks.operations.functions import approximate, maximum, minimum, sign, sqrt


def falling(g: Any) -> Any:
    """Return gradients that are zero from the fourth step on."""
    return g * (np.arange(len(g))[:, None] < 3)


def amsgrad_corrected(w: Any, g: Any) -> Any:
    """Return w after AMSGrad whose largest is one of corrected means."""
    m: Any = 0.0
    v: Any = 0.0
    top: Any = 0.0
    for n in range(1, len(g) + 1):
        m = 0.875 * m + 0.125 * g[n - 1]
        v = 0.96875 * v + 0.03125 * (g[n - 1] * g[n - 1])
        top = maximum(top, v / (1 - 0.96875**n))
        w = w - RATE / (1 - 0.875**n) * (m / (sqrt(top) + EPSILON))
    return w


def nadam(w: Any, g: Any, fading: float) -> Any:
    """Return w after NAdam, whose momentum grows to 7/8 as 1 - 0.96^(n·fading) / 2; 0 keeps it there."""
    m: Any = 0.0
    v: Any = 0.0
    product: Any = 1.0
    for n in range(1, len(g) + 1):
        here, after = (0.875 * (1 - share(k * fading)) for k in (n, n + 1))
        product = product * here
        m = 0.875 * m + 0.125 * g[n - 1]
        v = 0.96875 * v + 0.03125 * (g[n - 1] * g[n - 1])
        bottom = sqrt(v / (1 - 0.96875**n)) + EPSILON
        first = after / (1 - product * after) * m
        w = w - RATE * ((first + (1 - here) / (1 - product) * g[n - 1]) / bottom)
    return w


def share(power: float) -> Any:
    """Return 0.96^power / 2, which a framework may compute in its own precision, from a rounded 0.96."""
    return approximate(0.5 * 0.96**power if power else 0.0, 8 + power)


def radam(w: Any, g: Any, inside: bool = False) -> Any:
    """Return w after RAdam with β 7/8 and 31/32; `inside` puts ε before the correction."""
    m: Any = 0.0
    v: Any = 0.0
    longest = 2 / 0.03125 - 1
    for n in range(1, len(g) + 1):
        m = 0.875 * m + 0.125 * g[n - 1]
        v = 0.96875 * v + 0.03125 * (g[n - 1] * g[n - 1])
        second = 1 - 0.96875**n
        length = longest - 2 * n * (1 - second) / second
        step = m / (1 - 0.875**n)
        if length > 5:
            bottom = sqrt(v) / second**0.5 + (EPSILON / second**0.5 if inside else EPSILON)
            step = step / bottom * rectified(length, longest)
        w = w - RATE * step
    return w


def rectified(length: float, longest: float) -> Any:
    """Return RAdam's factor; in single precision the length has a few roundings of the longest, which cancel."""
    whole = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return approximate(whole**0.5, 8 * longest / (length - 4))


def rprop(w: Any, g: Any) -> Any:
    """Return w after Rprop: steps grow by 5/4 while the sign stays, and halve and pause where it changes."""
    slopes = getattr(g, "value", g)
    step = np.full(slopes.shape[1:], RATE)
    before = np.zeros(slopes.shape[1:])
    for slope in slopes:
        kept = np.sign(slope * before)
        step = np.clip(step * np.where(kept > 0, 1.25, np.where(kept < 0, 0.5, 1.0)), 2.0**-6, 1.0)
        before = np.where(kept < 0, 0.0, slope)
        w = w - approximate(step * np.sign(before), len(slopes))
    return w


def asgd(w: Any, g: Any) -> Any:
    """Return w after ASGD with λ 1/32 and a power of 3/4."""
    rate: Any = RATE
    for n in range(1, len(g) + 1):
        w = w * (1 - 0.03125 * rate) - rate * g[n - 1]
        rate = approximate(RATE / (1 + 0.03125 * RATE * n) ** 0.75, 4)
    return w


def lion(w: Any, g: Any) -> Any:
    """Return w after Lion with β 7/8 and 31/32."""
    m: Any = 0.0
    for n in range(len(g)):
        w = w - RATE * sign(0.875 * m + 0.125 * g[n])
        m = 0.96875 * m + 0.03125 * g[n]
    return w


def lamb(w: Any, g: Any) -> Any:
    """Return w after LAMB: Adam's step, made as long as w."""
    m: Any = 0.0
    v: Any = 0.0
    for n in range(1, len(g) + 1):
        m = 0.875 * m + 0.125 * g[n - 1]
        v = 0.96875 * v + 0.03125 * (g[n - 1] * g[n - 1])
        step = m / (1 - 0.875**n) / (sqrt(v / (1 - 0.96875**n)) + EPSILON)
        w = w - RATE * (sqrt((w * w).sum()) / sqrt((step * step).sum()) * step)
    return w


def ftrl(w: Any, g: Any, first: float = 0.5, l1: float = 2.0**-6, l2: float = 2.0**-5) -> Any:
    """Return w after FTRL-Proximal."""
    total: Any = first
    linear: Any = 0.0
    for n in range(len(g)):
        more = total + g[n] * g[n]
        linear = linear + g[n] - (sqrt(more) - sqrt(total)) / RATE * w
        w = (minimum(maximum(linear, -l1), l1) - linear) / (sqrt(more) / RATE + 2 * l2)
        total = more
    return w
