"""Whether two values are close: a relative and an absolute tolerance per type, as ``torch.testing`` has them."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from gpusetup.repro.outputs.item import FLOATS, FORMATS, Item, Tensor, first_difference, place_at

DEFAULTS = {"float64": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5), "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5)}
"""Relative and absolute tolerance (docs.pytorch.org/docs/stable/testing.html, read 2026-11-30)."""


class Limits(NamedTuple):
    """What may differ; None is the default of the type. `exact` allows nothing."""

    rtol: float | None = None
    atol: float | None = None
    exact: bool = False

    def of(self, dtype: str) -> tuple[float, float]:
        """Return relative and absolute tolerance for a type; integers and texts have none."""
        if self.exact or dtype not in FLOATS:
            return 0.0, 0.0
        rtol, atol = DEFAULTS[dtype]
        return (rtol if self.rtol is None else self.rtol, atol if self.atol is None else self.atol)


class Beyond(NamedTuple):
    """The worst element of a part that is not close: where, both values, how many are not, of how many."""

    name: str
    element: tuple[int, ...]
    got: str
    expected: str
    ulps: int | None = None
    differing: int = 1
    of: int = 1


def beyond(got: list[Item], expected: list[Item], limits: Limits) -> Beyond | None:
    """Return the first part, in order, that is not close to its counterpart; None where all are."""
    theirs = {item.name: item for item in expected}
    for item in got:
        twin = theirs.pop(item.name, None)
        found = Beyond(item.name, (), "there", "missing") if twin is None else _beyond(item, twin, limits)
        if found is not None:
            return found
    return next((Beyond(name, (), "missing", "there") for name in theirs), None)


def _beyond(item: Item, twin: Item, limits: Limits) -> Beyond | None:
    place = first_difference(item, twin)
    if place is None:
        return None
    if not (isinstance(item, Tensor) and isinstance(twin, Tensor)) or item[1:3] != twin[1:3]:  # type or shape
        return Beyond(item.name, place.element, place.first, place.second)
    rtol, atol = limits.of(item.dtype)
    worst, most, count = 0, 0.0, 0
    for number, (one, other) in enumerate(zip(_numbers(item), _numbers(twin), strict=True)):
        over = _over(one, other, rtol, atol)
        if over > 0:
            count += 1
            if over > most:
                worst, most = number, over
    if not count and not limits.exact:
        return None
    at = place_at(item, twin, worst) if count else place
    return Beyond(item.name, at.element, at.first, at.second, at.ulps, max(count, 1), math.prod(item.shape))


def _over(one: float, other: float, rtol: float, atol: float) -> float:
    """Return by how much a difference exceeds what is allowed; infinities and NaN have to be the same."""
    if _same(one, other):
        return 0.0
    apart = abs(one - other)
    return apart - (atol + rtol * abs(other)) if math.isfinite(apart) else math.inf


def _same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN


def _numbers(tensor: Tensor) -> list[float]:
    if tensor.dtype == "bfloat16":  # the upper half of a float32
        raw = bytes(tensor.raw)
        wide = b"".join(b"\0\0" + raw[at : at + 2] for at in range(0, len(raw), 2))
        return list(struct.unpack(f"<{len(wide) // 4}f", wide))
    form = FORMATS[tensor.dtype]
    return list(struct.unpack(f"<{len(tensor.raw) // struct.calcsize(form)}{form[1:]}", tensor.raw))
