"""The names of the parts of an output: they stay short, however long the keys are and however deep they lie.

A long key above a million values would otherwise stand a million times in memory.
"""

from __future__ import annotations

import hashlib

LONGEST = 400
"""Characters of a name; a longer one is cut, and ends with a digest of the whole."""


def of_key(path: str, key: object) -> str:
    """Return the name of what lies in `path` under `key`: ``train.loss``."""
    return short(f"{path}.{key}" if path else str(key))


def of_element(path: str, number: int) -> str:
    """Return the name of an element of `path`: ``losses[3]``."""
    return short(f"{path}[{number}]")


def short(name: str) -> str:
    """Return `name`, cut where it is long; different names stay different."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST // 2]}… ({digest(name)})"


def digest(text: str) -> str:
    """Return what stands for a long text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
