"""`Contradiction`: one contradiction in the tables."""

from __future__ import annotations

from gpusetup.value import Value


class Contradiction(Value):
    """What is wrong with the row of this id."""

    row: str
    text: str
