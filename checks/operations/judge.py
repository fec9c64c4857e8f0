"""Hold the outputs and gradients of one operation against its float64 reference, element by element."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import uniform
from checks.operations.bounded import Bounded, pull, rounding_to
from checks.operations.case import Case
from checks.operations.law import Law
from checks.operations.program import as_tuple

Array = NDArray[Any]
UNITS = {"float32": 2.0**-24, "tf32": 2.0**-11, "float64": 2.0**-52}
"""Unit roundoff per precision; twice that of float64, since the reference rounds as well."""
DIGITS = {"float32": 24, "tf32": 24, "float64": 53}
SLACK = 2.0
"""Times the first-order bound: for its second-order terms, and for a formula as good as the reference's."""
SMALLEST = 2.0**-124
"""Below this a float32 processor may flush to zero; a few such numbers may be added."""


class Truth(NamedTuple):
    """What is right: outputs, gradients, and the cotangents that these belong to (None: an output of integers)."""

    outputs: list[Bounded | Law]
    gradients: list[Bounded]
    cotangents: list[Array | None]


@dataclass(frozen=True)
class Verdict:
    """The worst element of one direction; `share` is its error as a share of the bound, infinite where none holds."""

    share: float = 0.0
    error: float | None = 0.0
    bound: float | None = 0.0
    ulps: float | None = 0.0
    elements: int = 0
    detail: str = ""


def find_truth(
    case: Case, family: str, seed: int, sizes: Mapping[str, Any], inputs: Mapping[str, Array], precision: str
) -> Truth:
    """Return outputs and gradients in float64 with their bounds."""
    with rounding_to(UNITS[precision] * case.roundings):
        reals = {name: Bounded(one) for name, one in inputs.items() if one.dtype == np.float64}
        leaves = [reals[name].leaf() for name in case.wrt()]
        raw = as_tuple(_call(case.reference, dict(inputs) | reals, sizes))
        outputs = [one if isinstance(one, Bounded | Law) else Bounded(one) for one in raw]
        cotangents = [
            None
            if not (isinstance(one, Bounded) and one.tracked)
            else uniform(seed, f"{family}.{case.name} cotangent {number}", one.shape)
            for number, one in enumerate(raw)
        ]
        pairs = [
            (one, c) for one, c in zip(outputs, cotangents, strict=True) if c is not None and isinstance(one, Bounded)
        ]
        gradients = pull([one for one, _ in pairs], [c for _, c in pairs], leaves) if leaves else []
    return Truth(outputs, gradients, cotangents)


def _call(function: Callable[..., Any], inputs: Mapping[str, Any], sizes: Mapping[str, Any]) -> Any:
    """Call the reference with the inputs, and those of the sizes that it asks for."""
    asked = inspect.signature(function).parameters
    return function(*inputs.values(), **{name: value for name, value in sizes.items() if name in asked})


def judge(
    got: Sequence[Array],
    right: Sequence[Bounded | Law],
    names: Sequence[str],
    case: Case,
    precision: str,
    device: str = "cpu",
) -> Verdict:
    """Return the worst element over all tensors of one direction."""
    if len(got) != len(right):
        return Verdict(
            share=math.inf, error=None, bound=None, ulps=None, detail=f"{len(got)} results, not {len(right)}"
        )
    found = [_judge(*one, case, precision, device != "cpu") for one in zip(got, right, names, strict=True)]
    worst = max(found, key=lambda one: one.share, default=Verdict())
    return Verdict(worst.share, worst.error, worst.bound, worst.ulps, sum(one.elements for one in found), worst.detail)


def _judge(got: Array, right: Bounded | Law, name: str, case: Case, precision: str, card: bool) -> Verdict:
    if isinstance(right, Law):
        found = right.distance(got)
        return Verdict(found.apart / found.allowed, found.apart, found.allowed, None, got.size, f"{name}: {found.text}")
    expected = right.value
    if got.shape != expected.shape:
        detail = f"{name} has shape {got.shape}, not {expected.shape}"
        return Verdict(share=math.inf, error=None, bound=None, ulps=None, elements=expected.size, detail=detail)
    if not got.size:
        return Verdict(elements=1)  # an empty result of the right shape is what was asked for
    numbers = got.astype(np.float64)
    bound = SLACK * right.error + (SMALLEST if right.error.any() else 0.0)
    if case.normwise:
        bound = np.full_like(bound, np.max(bound, initial=0.0, where=np.isfinite(bound)))
    if case.tiled and card:
        bound = np.full_like(bound, 8 * np.max(bound, initial=0.0, where=np.isfinite(bound)))
    same = (numbers == expected) | (np.isnan(numbers) & np.isnan(expected))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.where(same, 0.0, np.nan_to_num(np.abs(numbers - expected), nan=np.inf, posinf=np.inf))
        # of a NaN or an infinity nothing else is near: its bound is no number, and whatever is not the same is wrong
        share = np.nan_to_num(np.where(apart == 0, 0.0, apart / bound), nan=np.inf, posinf=np.inf)
    at = np.unravel_index(int(np.argmax(share)), share.shape)
    largest = float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
    spacing = math.ldexp(1.0, max(math.frexp(largest)[1], -125) - DIGITS[precision])
    place = ", ".join(map(str, map(int, at)))
    return Verdict(
        float(share[at]),
        _finite(float(apart[at])),
        _finite(float(bound[at])),
        _finite(float(apart[at]) / spacing),
        got.size,
        f"{name}[{place}] is {numbers[at]:.9g}, expected {expected[at]:.9g}",
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
