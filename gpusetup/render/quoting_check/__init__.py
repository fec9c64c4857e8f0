"""Checks the positions of values in rendered text: only positions that are known to be safe are accepted.

The reader takes shell text apart as bash does, up to the last value. A value that went through `sh` may stand

- as the right side of ``name=VALUE`` that begins a command, or as a member of ``name=(VALUE …)``, in a variable whose
  name is in small letters, so that neither bash nor a program acts upon it;
- as a word, or a part of one, of a program or function whose name is in the text and which is neither a builtin that
  evaluates its words nor a program that runs them (`positions`);
- as the word of ``case``, behind ``==``, ``!=``, ``-n`` and ``-z`` in ``[[ … ]]``, in the list of ``for``, and
  behind ``<<<``.

Everything else is refused, with the line and the reason: quotes, comments, here-documents, arithmetic, subscripts,
names of commands, files of redirections; and so is whatever the reader does not understand on the way to a value.
"""

from __future__ import annotations

import re

from gpusetup.errors import WrongInputError
from gpusetup.render import marks
from gpusetup.render.marks import ANY, BLOCK, CLOSE, COMMENT, JSON, LINE, OPEN, RAW, UNIT
from gpusetup.render.quoting_check.cursor import UnsafeTextError
from gpusetup.render.quoting_check.pattern import pattern

__all__ = ["UnsafeTextError", "check_data", "check_shell", "check_values"]


def check_shell(text: str, *, whole: bool = False, instructions: bool = False) -> str:
    """Return shell text without its marks, having seen that every value stands where bash takes it for data.

    `whole` reads on behind the last value, to see that the text ends outside of quotes and of everything else that it
    opens, so that it can be put before other text. `instructions` means that it is a Containerfile, whose ``CMD`` and
    ``ENTRYPOINT`` take JSON. O(n) in the length of `text` up to its last mark. Raises `WrongInputError`.
    """
    if whole or ANY.search(text):
        from gpusetup.render.quoting_check.commands import check  # start-up time

        check(text, whole=whole, instructions=instructions)
    return marks.stripped(text)


def check_values(text: str) -> None:
    """See that marked shell text, steps with their library, evaluates no variable or argument that may hold a value."""
    from gpusetup.render.quoting_check.values import check_values as check  # start-up time

    check(text)


_VALUE = pattern(f"{OPEN}(.)([^{CLOSE}]*){CLOSE}|{RAW}([^\n]*)")
_BEFORE = {
    JSON: pattern(r"(?:.*[\s:,=\[{(])?"),
    UNIT: pattern(r"[A-Za-z]+= *"),
    LINE: pattern(r"(?!Exec)[A-Za-z]+=|[A-Za-z]+: |[ \t]+"),
    COMMENT: pattern(""),
    BLOCK: pattern(r" +[a-z_]*:(?: !unsafe)? \|"),
}
_BEHIND = {JSON: "\n ,:]}", UNIT: "\n ", LINE: "\n", COMMENT: "\n", BLOCK: "\n"}


def check_data(text: str, *, lines: bool = False) -> str:
    """Return `text`, which no shell reads, without its marks: every value went through the filter of its grammar.

    JSON stands between signs of YAML or JSON and outside of quotes and comments, a block behind its key; a unit's
    words, `line` and `comment` have the rest of the line, the first two only in a grammar of `lines` (units,
    Apptainer's headers and labels). Raises `WrongInputError` for every other value.
    """
    for found in _VALUE.finditer(text):
        kind = found[1] or ""
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        before = _VALUE.sub("", line)
        quoted = kind == JSON and (before.count('"') % 2 or "'" in before or re.search(r"(?:^|\s)(?:#|//)", before))
        known = kind in _BEFORE and (lines or kind in {JSON, COMMENT, BLOCK})
        fits = known and _BEFORE[kind].fullmatch(before) and text[found.end() : found.end() + 1] in _BEHIND[kind]
        if quoted or not fits:
            _refuse(text, found)
    return marks.stripped(text)


def _refuse(text: str, found: re.Match[str]) -> None:
    number = text.count("\n", 0, found.start()) + 1
    value = marks.stripped(found[2] or found[3] or "")[:60]
    raise WrongInputError(
        f"line {number} of this text has {value!r} without quotes, or inside others",
        "write {{ value | json }}, with the filter last, as a whole value",
    )
