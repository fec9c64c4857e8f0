"""Ranges of versions, as a file of expectations writes them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from gpusetup.errors import WrongInputError
from gpusetup.machine.dotted import is_dotted

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
"""The longer signs first."""


def in_range(version: str, wanted: str) -> bool:
    """Say whether `version` meets every comparison of `wanted`; one without a sign means it and its releases.

    Raises `WrongInputError` when `wanted` is no range.
    """
    ours = _numbers(version)
    return all(_meets(ours, part.strip()) for part in wanted.split(","))


def check_range(wanted: str) -> None:
    """Raise `WrongInputError` when `wanted` is no range."""
    in_range("0", wanted)


def _meets(ours: tuple[int, ...], comparison: str) -> bool:
    sign = next((sign for sign in SIGNS if comparison.startswith(sign)), "")
    text = comparison.removeprefix(sign).strip()
    if not is_dotted(text):
        raise WrongInputError(
            f"{comparison!r} is no version and no comparison", "write 580, or >=580.65.06, or >=580.65.06, <590"
        )
    theirs = _numbers(text)
    if not sign:
        return ours[: len(theirs)] == theirs
    longest = max(len(ours), len(theirs))
    return SIGNS[sign](_padded(ours, longest), _padded(theirs, longest))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part[:9]) for part in text.split(".")) if is_dotted(text) else (0,)


def _padded(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    return numbers + (0,) * (length - len(numbers))
