"""A reading: the value, or the reason why it is missing."""

from typing import Literal, TypeAlias, TypeVar, Union

from gpusetup.value import Value

T = TypeVar("T")

Why = Literal["absent", "denied", "failed", "timeout", "unsupported"]


class Unread(Value):
    """A reading that could not be made.

    `why`: ``absent`` (the thing to read is not there), ``denied`` (no permission), ``failed`` (it answered with an
    error or nonsense), ``timeout`` (it never answered), ``unsupported`` (the hardware or library has no such thing).
    `code` is the NVML return code or errno, where there is one.
    """

    unread: Why
    source: str
    detail: str = ""
    code: int | None = None


Reading: TypeAlias = Union[T, Unread]  # noqa: UP007 - a generic alias needs Union on Python 3.11

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of name and value; in JSON a mapping could not be distinguished from an `Unread`."""

NOT_RECORDED = Unread(unread="failed", source="", detail="saved by a gpusetup that did not read this")
"""The value of fields that did not exist yet when a machine was saved."""
