"""`Flavour`: the two kinds of kernel modules."""

from __future__ import annotations

from typing import Literal

Flavour = Literal["open", "proprietary"]
