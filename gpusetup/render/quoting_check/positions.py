"""The commands that may take a value, and in which of their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gpusetup.render.marks import WORD
from gpusetup.render.quoting_check.cursor import ASSIGN
from gpusetup.render.quoting_check.pattern import pattern

if TYPE_CHECKING:
    from gpusetup.render.quoting_check.assignments import Assignments
    from gpusetup.render.quoting_check.words import Word

_BUILTINS = """
. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable
eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd
read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias
unset wait
"""
BUILTINS = frozenset(_BUILTINS.split())
"""What ``compgen -b`` prints, bash 5.2."""
DATA = frozenset({":", "true", "false", "echo"})
"""Builtins that do nothing with their words but print them."""
DECLARE = frozenset({"declare", "typeset", "local", "readonly", "export"})
PASS_ON = {"command": 1, "exec": 1, "nohup": 1, "sudo": 1, "undo_by": 1, "as_owner": 1, "at": 2}
"""They run words as a command: all behind this many."""
_RUN_WORDS = """
awk gawk mawk nawk sed perl ruby node php lua tclsh expect make m4 bc dc gdb ed ex vi vim sh bash dash ksh zsh fish
busybox env find xargs parallel ssh su runuser script watch at batch crontab timeout nice ionice chrt taskset setsid
stdbuf time strace ltrace valgrind flock chroot unshare nsenter setpriv systemd-run pkexec doas
CMD ENTRYPOINT SHELL HEALTHCHECK ONBUILD
"""
RUN_WORDS = frozenset(_RUN_WORDS.split())
"""Programs (and instructions of a Containerfile) that take a program, or its text, from their words."""
_PYTHON = pattern(r"(?:.*/)?(?:python[0-9.]*|pypy[0-9.]*)")
_WORD_END = pattern(r"[\s;&|]|$")
_FORMAT = pattern(r"(?:[^%\\]|%[sqb%]|\\n|\\t)*")
_ENVIRONMENT = pattern(r"([A-Za-z_]\w*)=")


def refused_name(reader: Assignments, word: Word) -> None:
    """Refuse a value in the name of a command or function, unless it is a plain part behind something fixed."""
    if word.values and not word.tame:
        _refuse(
            reader,
            word,
            "has a value where bash expects a command",
            "write the command's name, and the value behind it",
        )


def refused_argument(reader: Assignments, words: list[Word]) -> None:
    """Refuse the command `words` where it would evaluate a value that it is given."""
    if not any(word.values for word in words):
        _settings(reader, words)
        return
    refused_name(reader, words[0])
    first = next(index for index, word in enumerate(words) if word.values) if not words[0].values else 0
    name, rest = _name(reader, words)
    if words[0].values or not any(word.values for word in rest):
        first = 1
    if name in BUILTINS and not _builtin(name, rest):
        _refuse(reader, words[first], f"gives a value to {name}, which may evaluate it", ASSIGN)
    if name in RUN_WORDS or (_PYTHON.fullmatch(name) and not _behind_program(rest)):
        _refuse(reader, words[first], f"gives a value to {name}, which may run it", ASSIGN)
    if name in {"ENV", "ARG"}:
        for word in rest:
            found = _ENVIRONMENT.match(reader.text, word.start)
            if word.values:
                reader.may_take(found[1] if found else "A", word)


def _name(reader: Assignments, words: list[Word]) -> tuple[str, list[Word]]:
    """Return the name of the command that is run in the end, and its words."""
    while words and words[0].text in PASS_ON:
        words = words[PASS_ON[words[0].text or ""] :]
        if words:
            refused_name(reader, words[0])
            if (words[0].text or "").startswith("-") or _ENVIRONMENT.match(reader.text, words[0].start):
                _refuse(reader, words[0], "has a value in a command that is passed on in a way not understood", ASSIGN)
    if not words:
        return "", []
    if words[0].text is None and not words[0].values:
        _refuse(reader, words[0], "gives a value to a command whose name is not in the text", ASSIGN)
    if words[0].values:
        return _shown(reader, words), words[1:]
    return (words[0].text or "").rpartition("/")[2] if "/" in (words[0].text or "") else words[0].text or "", words[1:]


def _shown(reader: Assignments, words: list[Word]) -> str:
    """Return the name of a command that has a plain value in it: what is fixed of its last part."""
    end = _WORD_END.search(reader.text, words[0].start)
    raw = reader.text[words[0].start : end.start() if end else None]
    return re.sub("\ue000.[^\ue001]*\ue001", "3", raw).rpartition("/")[2]


def _builtin(name: str, words: list[Word]) -> bool:
    """Whether the builtin `name` takes the values among its words for data."""
    if name in DATA:
        return True
    if name == "printf":
        form = words[0].text if words else None
        return bool(form) and not (form or "-").startswith("-") and _FORMAT.fullmatch(form or "") is not None
    if name == "set":
        return bool(words) and words[0].text == "--"
    if name in DECLARE:  # values of plain characters, behind something fixed, hold no expression that could run
        return all(not word.values or (word.tame and WORD not in word.values) for word in words)
    return False


def _behind_program(words: list[Word]) -> bool:
    """Whether Python's program is fixed: ``-m NAME``, ``-c TEXT`` or a file come before any value."""
    before = words[:2] if words and words[0].text in {"-m", "-c"} else words[:1]
    return (
        bool(before)
        and all(not word.values for word in before)
        and before[-1].text is not None
        and (len(before) == 2 or not (before[0].text or "-").startswith("-"))
    )


_CHANGING = {
    "alias": None,
    "enable": None,
    "shopt": pattern(r"-[su]|inherit_errexit|nullglob|failglob|dotglob|globstar|lastpipe"),
}


def _settings(reader: Assignments, words: list[Word]) -> None:
    """Refuse what changes how bash reads the text behind it."""
    name = words[0].text
    if name == "shopt" and not all(_CHANGING["shopt"].fullmatch(word.text or "?") for word in words[1:]):  # type: ignore[union-attr]
        reader.at = words[0].start
        reader.not_understood("an option of shopt that may change how bash reads what follows")
    if name == "alias" or (
        name == "set" and any(re.match(r"-\w*[kv]|keyword|posix", word.text or "") for word in words[1:])
    ):
        reader.at = words[0].start
        reader.not_understood(f"{name}, with which bash may read what follows in another way")


def _refuse(reader: Assignments, word: Word, what: str, remedy: str) -> None:
    reader.at = word.start
    reader.refuse(what, remedy)
