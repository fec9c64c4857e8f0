"""The line of a failed step's output that says why it failed."""

from __future__ import annotations

import re
from itertools import pairwise

BASH_INTERNAL = re.compile(r"\S+: line \d+: pop_(var_context|scope): ")
"""What bash says of itself when ``set -e`` ends a function (bash: variables.c); it is never why."""
HEADING = re.compile(r"[\w-]+: .*:$")
"""How a package manager begins what it refuses: ``error: Failed dependencies:``, and the reasons stand indented."""
LISTED = (" ", "\t", "E: ")
"""How its last lines begin: those reasons, the packages that failed, or that a program below it failed."""


def reason(tail: tuple[str, ...]) -> str:
    """Return the last line of `tail` that says something, or the first refusal where it ends with a list of them."""
    lines = [line.rstrip() for line in tail if line.strip() and BASH_INTERNAL.match(line) is None]
    if lines and lines[-1].startswith(LISTED):
        for line, below in pairwise(lines):
            if HEADING.match(line) and below.startswith((" ", "\t")):
                return f"{line} {below.strip()}"
    return lines[-1].strip() if lines else ""
