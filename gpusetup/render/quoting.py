"""The only door through which a value enters shell text.

A template writes ``{{ value | sh }}``. The filter quotes the value and marks where it stands; a value without the
filter is marked as raw. `settle.settle` then reads the rendered text the way bash would and refuses every raw value,
and every quoted one that does not stand where bash reads a bare word: inside double quotes, a comment or a
here-document it would be taken apart again. So neither a forgotten filter nor one in the wrong place becomes a hole.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from gpusetup.errors import WrongInputError
from gpusetup.report.console import neutral

# private-use characters, which no value may hold, so that a mark cannot be forged
OPEN, CLOSE, RAW = "\ue000", "\ue001", "\ue002"


class Shell(str):
    """Text that is ready to stand where it is put."""

    __slots__ = ()


def sh(value: Any) -> Shell:
    """Quote a text, a number, or a sequence of them (as separate words) for bash."""
    if isinstance(value, (str, int, float)):
        return Shell(OPEN + shlex.quote(_printable(str(value))) + CLOSE)
    return Shell(" ".join(sh(item) for item in value))


def plain(value: str) -> str:
    """Return `value` if it can be a file name and an identifier too; it still needs `sh` after this."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", value):
        raise WrongInputError(f"{neutral(value)!r} cannot be a name here", "use letters, digits, dots and dashes")
    return value


def comment(value: str) -> Shell:
    """Return `value` as one comment line; it may only stand at the beginning of a line."""
    return Shell(OPEN + "# " + _unmarked(neutral(value)) + CLOSE)


def code(text: str) -> Shell:
    """Pass on shell text that was rendered, and settled, before. Only format templates have this filter."""
    return Shell(_unmarked(text))


def json_text(value: str) -> Shell:
    """Quote a text for JSON, and so for YAML, of which JSON is a part."""
    return Shell(json.dumps(_unmarked(value), ensure_ascii=False))


def mark(value: Any) -> str:
    """Mark (as Jinja's ``finalize``) whatever did not come through a filter of this module as raw."""
    return value if isinstance(value, Shell) else RAW + _unmarked(neutral(str(value)))


def words(text: str) -> str:
    """Return rendered prose, in which raw values are at home, on one line."""
    return " ".join(text.replace(RAW, "").split())


def _unmarked(text: str) -> str:
    return text.translate({ord(char): "\ufffd" for char in (OPEN, CLOSE, RAW)})


def _printable(text: str) -> str:
    if neutral(text) != text or _unmarked(text) != text:
        raise WrongInputError(
            f"the value {neutral(text)!r} holds a line break, a control or a private character",
            "nothing of that kind can be part of a package name, a version or a path here",
        )
    return text
