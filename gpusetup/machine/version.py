"""Dotted numbers in their order."""

from __future__ import annotations

import re


def version_key(text: str) -> tuple[int, ...]:
    """Return the numbers in `text`, to sort versions by."""
    return tuple(int(number[:18]) for number in re.findall(r"\d+", text))
