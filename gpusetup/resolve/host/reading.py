"""What a plan takes of a reading: its value, or nothing, for whatever reason it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gpusetup.machine.model import Reading

T = TypeVar("T")


def value_of(reading: Reading[T]) -> T | None:
    """Return the value, None where the reading could not be made."""
    from gpusetup.machine.model import Unread  # already loaded where there is a reading

    return None if isinstance(reading, Unread) else reading
