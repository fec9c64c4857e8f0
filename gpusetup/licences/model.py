"""`Part` and `Licences`: one thing that is installed with its licence, and the report over all of them."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value


class Part(Value):
    """One part. `free` is None where nobody we asked says.

    `key` is kind and name, ``pypi/torch``, ``rpm/bash``, ``host/nvidia-driver``; ``inside/…`` is what another part
    holds without saying so.
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
    """In short; "" where nobody says."""
    note: str = ""
    fact: str = ""
    """The row that says so; "" when the part's own metadata does."""
    sources: tuple[str, ...] = ()
    purl: str = ""
    """Its package URL, "" for what no package index or distribution has."""
    sha256: str = ""
    """Of the wheel it came in."""


class Alternative(Value):
    """Another stack for the same wish: what in it is not free, and what it gives up for that."""

    text: str
    options: tuple[str, ...]
    not_free: tuple[str, ...]
    gives_up: str


class Licences(Value):
    """The parts of `subject`, and the stacks that have fewer parts that are not free, the freest last."""

    version: Literal[1] = 1
    subject: str
    parts: tuple[Part, ...]
    freer: tuple[Alternative, ...] = ()

    @property
    def not_free(self) -> tuple[Part, ...]:
        """Return the parts that are known not to be free software."""
        return tuple(part for part in self.parts if part.free is False)
