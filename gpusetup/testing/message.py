"""Failures as lines of text: where, both values, how far apart, what it depends on and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.repro.model import Difference
    from gpusetup.testing.closeness import Beyond

NEAR = 1 << 16
"""Distance in ulps up to which one is shown; beyond it, two numbers are not roundings of the same."""
LONGEST = 200


def difference_lines(found: Difference) -> list[str]:
    """Return where two runs first differ, and what each has there."""
    return [
        f"  first at {place(found.item, found.index)}{_far(found.ulps)}",
        f"    one run:   {_short(found.first)}",
        f"    the next:  {_short(found.second)}",
    ]


def beyond_lines(found: Beyond) -> list[str]:
    """Return where a value is not that of its baseline."""
    share = f", {found.differing} of {found.of} elements" if found.of > 1 else ""
    return [
        f"  worst at {place(found.name, found.element)}{_far(found.ulps)}{share}",
        f"    now:       {_short(found.got)}",
        f"    baseline:  {_short(found.expected)}",
    ]


def place(name: str, index: Sequence[int]) -> str:
    """Return ``weights.fc[3, 2]``."""
    return neutral(name) + (f"[{', '.join(map(str, index))}]" if index else "")


def _far(ulps: int | None) -> str:
    return f", {ulps} ulp{'' if ulps == 1 else 's'} apart" if ulps is not None and ulps <= NEAR else ""


def _short(text: str) -> str:
    return neutral(text)[:LONGEST]
