"""The conditions that an image sets in NVIDIA_REQUIRE_… and NVIDIA's container runtime checks before it starts one.

``cuda>=12.4 brand=tesla,driver>=535,driver<536``: alternatives apart by blanks, each of terms joined by commas that
must all hold. ``cuda`` is the newest CUDA that the driver reports, ``arch`` the card's compute capability, ``brand``
its product line. Source: NVIDIA Container Toolkit, "Docker specialized", Constraints.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

from gpusetup.value import Value
from gpusetup.versions import dotted

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_TERM = re.compile(r"(cuda|driver|arch|brand)(>=|<=|!=|=|<|>)([A-Za-z0-9.]+)")


class ImageHost(Value):
    """What the conditions can ask of: one card and its driver; "" and () where it is not known."""

    cuda: str
    driver: str
    arch: str
    brands: tuple[str, ...]
    """The product lines it may belong to: NVML tells it, the tables only narrow it down."""


def holds(expression: str, host: ImageHost) -> bool | None:
    """Say whether `expression` holds on `host`; None when that cannot be told."""
    return _any(_all(_term(term, host) for term in part.split(",")) for part in expression.split())


def _term(term: str, host: ImageHost) -> bool | None:
    match = _TERM.fullmatch(term)
    if match is None:
        return None
    name, sign, wanted = match.groups()
    if name == "brand":
        said = {OPERATORS[sign](one, wanted) for one in host.brands} if sign in {"=", "!="} else set()
        return said.pop() if len(said) == 1 else None
    have = {"cuda": host.cuda, "driver": host.driver, "arch": host.arch}[name]
    if not have or not re.fullmatch(r"\d+(\.\d+)*", wanted):
        return None
    return OPERATORS[sign](_padded(have), _padded(wanted))


def _padded(version: str) -> tuple[int, ...]:
    """Return three numbers, as many as NVIDIA's tool compares; those that are not there count as 0."""
    numbers = dotted(version).key[:3]
    return (*numbers, *(0,) * (3 - len(numbers)))


def _all(said: Iterable[bool | None]) -> bool | None:
    values = list(said)
    return False if False in values else None if None in values else True


def _any(said: Iterable[bool | None]) -> bool | None:
    values = list(said)
    return True if True in values else None if None in values else False
