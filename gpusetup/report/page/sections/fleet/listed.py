"""Long lists made short, with how much was left out; differences as the page has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.fleet.model import Difference, Fleet

MOST = 40
"""Names in one list."""
_VALUES, _PLACES = 5, 20
"""Of one difference: values, and places of each."""


class Listed(NamedTuple):
    """The first names of a list, and how many there are beyond."""

    names: tuple[str, ...]
    more: int


class Value(NamedTuple):
    """A value that is not the majority's, and where."""

    value: str
    units: int
    places: Listed


class Row(NamedTuple):
    """One difference."""

    difference: Difference
    values: tuple[Value, ...]
    more: int


def listed(names: Sequence[str], most: int = MOST) -> Listed:
    """Return the list, cut."""
    return Listed(tuple(names[:most]), max(0, len(names) - most))


def differences(fleet: Fleet) -> list[Row]:
    """Return each difference with its values, the most frequent first."""
    return [
        Row(
            one,
            tuple(
                Value(other.value, len(other.places), listed(other.places, _PLACES)) for other in one.others[:_VALUES]
            ),
            max(0, len(one.others) - _VALUES),
        )
        for one in fleet.differences
    ]
