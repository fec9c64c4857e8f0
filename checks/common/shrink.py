"""Make a fault small: the smallest sizes and plainest options under which it still shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Sizes = dict[str, Any]


def shrink(
    sizes: Mapping[str, Any], choices: Mapping[str, Sequence[Any]], fails: Callable[[Sizes], bool], seconds: float
) -> Sizes:
    """Return the smallest sizes found in `seconds` for which `fails` holds, as it does for `sizes`.

    One size at a time is made smaller, until none can be: a number down to 1, another option to those that stand
    before it in its `choices`. A trial that has begun is finished.
    """
    best, end = dict(sizes), time.monotonic() + seconds
    tried: list[Sizes] = [dict(best)]
    while (smaller := _smaller(best, choices, tried, fails, end)) is not None:
        best = smaller
    return best


def _smaller(
    best: Sizes, choices: Mapping[str, Sequence[Any]], tried: list[Sizes], fails: Callable[[Sizes], bool], end: float
) -> Sizes | None:
    """Return the first untried change for the better that still fails; None where there is none, or no time."""
    for trial in _changes(best, choices):
        if trial in tried:
            continue
        if time.monotonic() > end:
            return None
        tried.append(trial)
        if fails(trial):
            return trial
    return None


def _changes(best: Sizes, choices: Mapping[str, Sequence[Any]]) -> Iterator[Sizes]:
    for name, value in best.items():
        yield from (best | {name: other} for other in _below(value, choices.get(name, ())))


def _below(value: Any, choices: Sequence[Any]) -> Sequence[Any]:
    """Return what is smaller or plainer than `value`, the smallest first."""
    if isinstance(value, int) and not isinstance(value, bool):
        given = [one for one in choices if isinstance(one, int) and not isinstance(one, bool)]
        low = min([1, *given])  # a size that may be 0 is empty: another case than the one that fails
        return sorted({one for one in (1, 2, 3, value // 2, value - 1, *given) if max(1, low) <= one < value})
    return choices[: choices.index(value)] if value in choices else ()
