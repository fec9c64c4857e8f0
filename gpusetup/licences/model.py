"""`Part` and `Licences`: one installed part with its licence, and the report over all parts."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value


class Part(Value):
    """One part. `free` is None where no source gives the licence.

    `key` is kind and name: ``pypi/torch``, ``rpm/bash``, ``host/nvidia-driver``; ``inside/…`` is a part that another
    one contains without declaring it.
    """

    key: str
    name: str
    version: str = ""
    where: Literal["host", "environment", "image"]
    licence: str = ""
    """In the words of its source."""
    spdx: str = ""
    free: bool | None = None
    redistributable: str = ""
    """A short answer; "" where it is not known."""
    note: str = ""
    fact: str = ""
    """The id of the row it is from; "" when it is from the part's own metadata."""
    sources: tuple[str, ...] = ()
    purl: str = ""
    """Its package URL, "" for parts that are in no package index or distribution."""
    sha256: str = ""
    """Of the wheel it came in."""


class Alternative(Value):
    """Another stack for the same request: its non-free parts, and what it gives up."""

    text: str
    options: tuple[str, ...]
    not_free: tuple[str, ...]
    gives_up: str


class Licences(Value):
    """The parts of `subject`, and alternatives with fewer non-free parts, the freest last."""

    version: Literal[1] = 1
    subject: str
    parts: tuple[Part, ...]
    freer: tuple[Alternative, ...] = ()

    @property
    def not_free(self) -> tuple[Part, ...]:
        """Return the parts that are known not to be free software."""
        return tuple(part for part in self.parts if part.free is False)
