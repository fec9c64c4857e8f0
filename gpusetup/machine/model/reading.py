"""A reading: the value, or why there is none."""

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
"""Names and what is said of them; a mapping cannot be told from an `Unread` in JSON."""

NOT_RECORDED = Unread(unread="failed", source="", detail="saved by a gpusetup that did not read this")
"""What a machine that was saved earlier says of the fields that came later."""
