"""`Contradiction`: one contradiction inside the tables."""

from __future__ import annotations

from gpusetup.value import Value


class Contradiction(Value):
    """What is wrong with one row, named by its id."""

    row: str
    text: str
