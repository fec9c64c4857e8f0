"""Refuses a commit whose subject is long: ``python -m tools.subject FILE``, as a commit-msg hook."""

from __future__ import annotations

import sys
from pathlib import Path

MOST = 72  # what `git log --oneline` and code hosts show whole
MADE_BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")


def fault(message: str) -> str:
    """Return what is wrong with the commit `message`, "" when nothing is."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0].rstrip() if lines else ""
    if not subject:
        return "the first line is empty: it is the subject"
    if subject.startswith(MADE_BY_GIT):
        return ""
    if len(subject) > MOST:
        return f"the subject has {len(subject)} characters, {MOST} are allowed: put the why into the body"
    return "the second line is not empty: the body begins at the third" if len(lines) > 1 and lines[1].strip() else ""


def main() -> int:
    """Return 1 and say why when the message in the file is not as it should be."""
    if said := fault(Path(sys.argv[1]).read_text(encoding="utf-8")):
        print(said, file=sys.stderr)
    return bool(said)


if __name__ == "__main__":
    sys.exit(main())
