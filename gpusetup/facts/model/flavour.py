"""`Flavour`: the two kinds of kernel modules."""

from typing import Literal

Flavour = Literal["open", "proprietary"]
