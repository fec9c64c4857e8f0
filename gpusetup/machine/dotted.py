"""Dotted numbers in their order."""

from __future__ import annotations

import re


def is_dotted(text: str) -> bool:
    """Return whether `text` is numbers separated by dots."""
    return all(part.isdecimal() for part in text.split("."))


def version_key(text: str) -> tuple[int, ...]:
    """Return the numbers in `text`, to sort versions by."""
    return tuple(int(number[:18]) for number in re.findall(r"\d+", text))
