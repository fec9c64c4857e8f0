"""The line of a failed step's output that says why it failed."""

from __future__ import annotations

import re

BASH_INTERNAL = re.compile(r"\S+: line \d+: pop_(var_context|scope): ")
"""What bash says of itself when ``set -e`` ends a function (bash: variables.c); it is never why."""
CLOSING = "Errors were encountered while processing:"
"""With this dpkg begins the list of the packages that failed, the last that it prints; apt adds a line of its own."""
PROBLEMS = ("dpkg: dependency problems prevent", "dpkg: error processing")
LISTED = (" ", "\t", "E: ")


def reason(tail: tuple[str, ...]) -> str:
    """Return the last line of `tail` that says something, or what dpkg said first where it ended with its list."""
    lines = [line.rstrip() for line in tail if line.strip() and BASH_INTERNAL.match(line) is None]
    if CLOSING in lines and all(line.startswith(LISTED) for line in lines[lines.index(CLOSING) + 1 :]):
        for place, line in enumerate(lines):
            if line.startswith(PROBLEMS):
                return " ".join(one.strip() for one in (line, *lines[place + 1 : place + 2]))
    return lines[-1].strip() if lines else ""
