"""Follows values to variables and arguments whose text bash evaluates.

A value that a variable holds is inert as ``"$name"``, and runs as ``((name))``: bash reads the variable's text as an
expression, whose subscripts may hold commands. So the names that may hold a value are followed through assignments
and through the arguments of functions in the same text, and such a name is refused wherever bash evaluates text.
It errs on the side of refusing: a name is one variable throughout, and what a command that is given a value prints may
be a value. What programs do with their arguments is not looked at, and what goes through files and pipes is followed
into ``read`` and its like alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gpusetup.render import marks
from gpusetup.render.quoting_check.assignments import Assignments, Call
from gpusetup.render.quoting_check.commands import check
from gpusetup.render.quoting_check.cursor import UnsafeTextError
from gpusetup.render.quoting_check.words import Word

_LENGTH = re.compile(r"\$\{?#(?:\w+(?:\[[@*]\])?|[@*])?\}?")
_USED = re.compile(r"\$\{?!?(\w+|[@*])")
_VALUE = re.compile(f"{marks.OPEN}[^{marks.NUMBER}]")
_KEYS = re.compile(r"\$\{!(\w+)\[[@*]\]\}")
_NAMES = re.compile(r"(?<![\w$])[A-Za-z_]\w*")
_DIGITS = re.compile(r"\$\{\w+//\[!0-9\]/?\}")
"""Whatever a variable holds, that is digits alone."""
_QUOTED = re.compile(r"'[^']*'")
_COMPARED = re.compile(r"(?:(?<!\S)(\S++)\s++-(?:eq|ne|lt|le|gt|ge)|-[vR])\s++(\S++)")
_IN_HERE = re.compile(r"\$\(\((?:.*?\)\)|.*)|\$\{!?\w++(?:\[[^]\n]*+|:[^-+=?\n][^}\n]*+)")
"""What has no end on its line reaches to the end of it."""
_DEFAULT = re.compile(r"\$\{(\w+)")
_SHELLS = frozenset({"bash", "sh", "dash", "ksh", "zsh"})
_EVALUATE = frozenset({"eval", "trap", "let", "source", ".", "alias", "unset", "compgen", "complete", "bind"})
_DECLARE = frozenset({"declare", "typeset", "local", "readonly", "export"})
_READ = frozenset({"read", "mapfile", "readarray", "getopts"})
_SET_BY_BASH = frozenset({"REPLY", "MAPFILE", "OPTARG", "BASH_REMATCH", "BASH_COMMAND", "BASH_ARGV", "_"})
_OBEYED = frozenset(
    {"RANDOM", "SRANDOM", "SECONDS", "LINENO", "OPTIND", "PS0", "PS1", "PS2", "PS3", "PS4", "BASH_ENV", "ENV",
     "LD_PRELOAD", "LD_AUDIT", "PROMPT_COMMAND", "BASH_ALIASES", "BASH_CMDS", "HISTCMD", "EPOCHSECONDS",
     "EPOCHREALTIME", "BASHPID"}
)  # fmt: skip
"""Variables in which bash, or the loader, evaluates what they take."""
_WRAPPERS = {"command": 1, "builtin": 1, "sudo": 1, "exec": 1, "at": 2}
"""They run words as a command, all behind this many: it is looked at where they are called, and not in themselves."""
_NONE: Mapping[str, int] = MappingProxyType({})
_ASSIGNS = re.compile(r"[A-Za-z_]\w*\+?=|-")
_PROGRAM = re.compile(r"\"?(?:\$\{?\w+\}?/[\w./-]*\w|[\w.-]+\$\{?\w+\}?)\"?(?=\s|$)")
"""A program of a fixed name in some folder, or of a name with a fixed beginning: a value chooses among such alone."""
_ALL = re.compile(r"\"?\$\{?[@*1]\}?\"?(?=\s|$)")
_REMEDY = "compare it as text (==), or let the template work it out and write {{ value | number }}"


class HeldValue(NamedTuple):
    """What may hold a value: variables by name, functions by name whose arguments do, and those whose first one does.

    The function "" is the text outside of functions, whose arguments are what ``set --`` gave it.
    """

    names: set[str]
    functions: set[str]
    first: set[str]

    def size(self) -> int:
        """Return how much is held."""
        return len(self.names) + len(self.functions) + len(self.first)


def check_values(text: str) -> None:
    """Refuse marked shell text, whole steps with their library, in which bash would evaluate what a value is kept in.

    Raises `WrongInputError`, also where the text is not understood.
    """
    for error in evaluations(text):
        raise error


def evaluations(text: str, runners: Mapping[str, int] = _NONE) -> Iterator[UnsafeTextError]:
    """Yield an error for each place of marked shell text where bash would evaluate what may hold a value.

    `runners` are functions of this text that run words as a command, all behind so many: what they run is looked at
    where they are called, and in themselves too.
    """
    reader = check(text, whole=True)
    if not marks.ANY.search(text):
        return
    held = _held(reader)
    for at, what, piece, bare in _evaluated(reader, {**_WRAPPERS, **runners}):
        if _VALUE.search(piece):
            yield UnsafeTextError(text, at, f"evaluates what a command says of a value, as {what}", _REMEDY)
        for name in sorted(_named(piece) if bare else _used(piece)):
            if _holds(reader, held, at, name):
                yield UnsafeTextError(reader.text, at, f"evaluates ${name}, which may hold a value, as {what}", _REMEDY)


def _held(reader: Assignments) -> HeldValue:
    """Follow values through assignments and calls until nothing new is found."""
    held = HeldValue(set(_SET_BY_BASH), set(), set())
    own = {one.name for one in reader.functions}
    before = -1
    while before != held.size():
        before = held.size()
        for at, name, text, kinds in reader.flows:
            if _is_value(kinds) or _any(reader, held, at, text):
                held.names.add(name)
        for at, what, text, array in reader.sites:
            if array and _any(reader, held, at, text):
                held.names.add(array)  # its keys
            if what == "a default" and _any(reader, held, at, text[2:]):
                held.names.update(_DEFAULT.findall(text)[:1])
        for call in reader.calls:
            _follow(reader, held, call, own)
    return held


def _follow(reader: Assignments, held: HeldValue, call: Call, own: set[str]) -> None:
    """Follow values into the functions and variables that a command names."""
    name = call.words[0].text
    if name in _READ:  # from wherever: what it reads may be a value
        held.names.update(word.text for word in call.words[1:] if word.text and word.text[0] != "-")
    given = [_is_value(word.values) or _any(reader, held, call.at, raw) for word, raw in _raw_words(call)]
    if not any(given):
        return
    inside = [one.name for one in reader.functions if one.start <= call.at < one.end]
    if name == "set":
        held.functions.update(inside or [""])
        held.first.update(inside or [""])
    called = {word.text for word in call.words if word.text in own} if name is not None else own
    held.functions.update(one for one in called if one)
    raw = [one for _, one in _raw_words(call)]
    for index, word in enumerate(call.words[:-1]):
        if (word.text in own and given[index + 1] and not _PROGRAM.match(raw[index + 1])) or name is None:
            held.first.update([word.text] if word.text else own)


def _raw_words(call: Call) -> list[tuple[Word, str]]:
    """Return the words of a command with how they are written."""
    ends = [*(one.start - call.at for one in call.words[1:]), len(call.text)]
    return [(word, call.text[word.start - call.at : end]) for word, end in zip(call.words, ends, strict=True)]


def _is_value(kinds: str) -> bool:
    return bool(kinds.replace(marks.NUMBER, ""))


def _any(reader: Assignments, held: HeldValue, at: int, text: str) -> bool:
    """Whether a value, or something that may hold one, is anywhere in `text`."""
    return _VALUE.search(text) is not None or any(_holds(reader, held, at, name) for name in _used(text))


def _used(text: str) -> set[str]:
    """Return the names that are expanded in `text`."""
    if "$" not in text:
        return set()
    plain = _QUOTED.sub("", _DIGITS.sub("", _LENGTH.sub("", text)))
    return {f"!{name}" for name in _KEYS.findall(plain)} | set(_USED.findall(_KEYS.sub("", plain)))


def _named(text: str) -> set[str]:
    """Return the names in an expression, expanded or not."""
    inner = _DIGITS.sub("", _LENGTH.sub("", text))
    return _used(inner) | set(_NAMES.findall(_KEYS.sub("", inner)))


def _holds(reader: Assignments, held: HeldValue, at: int, name: str) -> bool:
    """Whether `name`, used at `at`, may hold a value: a variable, or an argument of the function there."""
    if name.isdigit() or name in {"@", "*", "first"}:
        inside = [one.name for one in reader.functions if one.start <= at < one.end] or [""]
        return any(one in (held.first if name == "first" else held.functions) for one in inside)
    if name[0] == "!":  # the keys of an array, which are numbers unless it is associative
        return name[1:] in held.names and any(one == name[1:] for one, _ in reader.associative)
    return name in held.names


def _evaluated(reader: Assignments, runners: Mapping[str, int]) -> Iterator[tuple[int, str, str, bool]]:
    """Yield each place whose text is evaluated, what it is, the text, and whether names count in it as they stand."""
    for at, what, text, array in reader.sites:
        if array and _associative(reader, at, array):
            continue
        if what == "a comparison of numbers":
            operands = [one for found in _COMPARED.finditer(text) for one in found.groups("")]
            yield at, what, text if "$(" in text else " ".join(operands), "$(" not in text
        elif what == "a here-document":
            yield at, "arithmetic in a here-document", " ".join(_IN_HERE.findall(text)), True
        elif what != "a default":
            yield at, what, text, True
    for at, name, text, _ in reader.flows:
        if name in _OBEYED:
            yield at, f"what {name} takes", text, False
    wrappers = [one for one in reader.functions if one.name in _WRAPPERS]
    for call in reader.calls:
        if not any(one.start <= call.at < one.end for one in wrappers):
            yield from _command(call, runners)


def _associative(reader: Assignments, at: int, array: str) -> bool:
    """Whether `array` was declared as an associative one before, in the very function in which it is used."""

    def around(place: int) -> list[str]:
        return [one.name for one in reader.functions if one.start <= place < one.end]

    return any(name == array and start < at and around(start) == around(at) for name, start in reader.associative)


def _command(call: Call, runners: Mapping[str, int]) -> Iterator[tuple[int, str, str, bool]]:
    """Yield what a command evaluates of its words."""
    words = _raw_words(call)
    while words and (behind := runners.get(words[0][0].text or "")):
        words = words[behind:]
    if not words:
        return
    name = words[0][0].text
    said = [word.text for word, _ in words]
    if name is None and not _PROGRAM.match(words[0][1]) and not words[0][0].values:
        yield call.at, "the name of a command", "$first" if _ALL.match(words[0][1]) else words[0][1], False
    elif name in _EVALUATE or (name in _SHELLS and "-c" in said) or (name == "printf" and "-v" in said[1:2]):
        yield call.at, f"words of {name}", call.text, name == "let"
    elif name in {"test", "["} and "-v" in said:
        yield call.at, "the name of a variable", call.text, False
    elif name in _DECLARE and any(re.match(r"[-+]\w*[in]", one or "") for one in said):
        yield call.at, "what a variable with an attribute takes", call.text, True
    elif name in _DECLARE or name in _READ:
        for word, raw in words[1:]:
            if word.text is None and not _ASSIGNS.match(raw):
                yield call.at, "the name of a variable", raw.partition("<")[0], False
