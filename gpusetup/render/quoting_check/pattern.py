"""Patterns that are compiled when they are first used: most texts need few of them, and compiling takes time."""

from __future__ import annotations

import re
from typing import Any, cast


class Later:
    """A pattern that is compiled once something of it is asked for."""

    def __init__(self, source: str, flags: int) -> None:
        self._of = (source, flags)

    def __getattr__(self, name: str) -> Any:
        """Compile, and answer for the compiled pattern from then on."""
        found = getattr(re.compile(*self._of), name)
        setattr(self, name, found)
        return found


def pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """Return what behaves like ``re.compile(source, flags)``."""
    return cast("re.Pattern[str]", Later(source, flags))
