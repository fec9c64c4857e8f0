"""Assignments: where a value goes that is assigned to a variable."""

from __future__ import annotations

import re
from typing import NamedTuple

from gpusetup.render.marks import NUMBER, PLAIN, WORD
from gpusetup.render.quoting_check.cursor import ASSIGN
from gpusetup.render.quoting_check.pattern import pattern
from gpusetup.render.quoting_check.redirections import Redirections
from gpusetup.render.quoting_check.words import Word

_PLAIN_NAME = pattern(r"([A-Za-z_]\w*)(?:(\+?=)|\[)")
_OWN = pattern(r"[a-z][a-z0-9_]*|(?:GPUSETUP|NVIDIA)_[A-Z0-9_]+")
_DECLARING = frozenset({"declare", "typeset", "local", "readonly", "export"})
_ATTRIBUTE = pattern(r"\b(?:declare|typeset|local|readonly|export)\b(?:[ \t]+[-+]\w+)*[ \t]+[-+][A-Za-z]*[in]")


class Function(NamedTuple):
    """A function's name, and from where to where its body goes."""

    name: str
    start: int
    end: int


class Call(NamedTuple):
    """A command, as the text says it."""

    at: int
    text: str
    words: list[Word]


class Flow(NamedTuple):
    """What a variable takes, as the text says it, and the kinds of the values in that."""

    at: int
    name: str
    text: str
    values: str


class Assignments(Redirections):
    """Reads ``name=word`` and ``name=(word …)``."""

    def __init__(self, text: str, *, whole: bool) -> None:
        super().__init__(text, whole=whole)
        self._attribute: int | None = None
        """Where a variable gets an attribute by which assigned text is evaluated; -1: none, None: not searched."""
        self.open: list[str] = []
        self.opened: list[tuple[str, int]] = []
        """Beside `open`: the function whose body that is, "" for none, and where it begins."""
        self.defines = ""
        """The function whose body comes next."""
        self.instructions = False
        self.functions: list[Function] = []
        self.flows: list[Flow] = []
        self.calls: list[Call] = []
        self.associative: list[tuple[str, int]] = []
        """The names of associative arrays, and where they are declared."""

    def called(self, start: int, words: list[Word]) -> None:
        """Note a command, and what it declares."""
        self.calls.append(Call(start, self.text[start : self.at], words))
        if words[0].text in _DECLARING:
            said = [word.text or "" for word in words]
            if any(one.startswith("-") and "A" in one for one in said):
                self.associative += [(one.partition("=")[0], start) for one in said]

    def assigned(self, name: str, word: Word) -> None:
        """Note that `name` takes `word`; refused where bash may do more with it than keep it."""
        self.flows.append(Flow(word.start, name, self.text[word.start : self.at], word.values))
        if not word.values:
            return
        self.may_take(name, word)
        if self._attribute is None:
            found = _ATTRIBUTE.search(self.text)
            self._attribute = found.start() if found else -1
        if self._attribute >= 0:
            self.at = self._attribute
            self.refuse(
                "gives a variable an attribute by which assigned text is evaluated", "do not use declare -i and -n"
            )

    def may_take(self, name: str, word: Word) -> None:
        """Refuse a value for a variable that bash or a program may act upon."""
        if not _OWN.fullmatch(name) and not word.tame:
            self.at = word.start
            self.refuse(f"assigns a value to {name}, which bash or a program may act upon", "use a lower-case name")

    def assignment(self, words: list[Word]) -> bool:
        """Read the assignment that begins here; False when none does, or it is an ordinary word of a command."""
        declares = bool(words) and words[0].text in _DECLARING
        found = _PLAIN_NAME.match(self.text, self.at)
        if found is None or (words and not declares):
            return False
        start, name = self.at, found[1]
        if not found[2] and not self._element(name, declares=declares):
            return False
        if found[2]:
            self.at = found.end()
        if self.char() == "(":
            self._array(name, declares=declares)
            words.extend(
                [Word(start, f"{name}=", quoted=False, values="", begins_with_value=False)] if declares else []
            )
        elif declares:
            self.at = start
            self.assigned_by_builtin(name, words)
        else:
            self.assigned(name, self.word())
        return True

    def assigned_by_builtin(self, name: str, words: list[Word]) -> None:
        """Read ``name=word`` behind ``local`` and its like; whether it may take a value, `positions` says."""
        word = self.word()
        words.append(word)
        self.flows.append(Flow(word.start, name, self.text[word.start + len(name) + 1 : self.at], word.values))

    def _element(self, name: str, *, declares: bool) -> bool:
        """Read ``name[…]=``; a value may stand there alone, plain, and as the key of an associative array."""
        start = self.at
        close = self.text.find("]", self.at)
        if not re.match(r"\+?=", self.text[close + 1 : close + 3]):
            if self.text.startswith("\ue000", start + len(name) + 1):
                self.not_understood("a value behind [")
            return False
        self.at += len(name) + 1
        known = any(one == name for one, _ in self.associative)
        if self.kind() in {PLAIN, WORD} and known and not declares:
            if self.kind() == WORD:
                self.refuse("has a value as a subscript", "write {{ value | plain | sh }}")
            self.value()
            if self.char() != "]":
                self.not_understood("a subscript that goes on behind a value")
            self.at += 1
        else:
            self.at -= 1
            self.subscript(name)
        self.at += 2 if self.char() == "+" else 1
        return True

    def _array(self, name: str, *, declares: bool) -> None:
        self.at += 1
        start, kinds = self.at, ""
        while True:
            self.blanks()
            char = self.char()
            if char == ")":
                break
            if char == "\n":
                self.newline()
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.take(len(self.text) if end < 0 else end, "in a comment")
            else:
                kinds += self._member(name, declares=declares)
        self.flows.append(Flow(start, name, self.text[start : self.at], kinds))
        self.at += 1

    def _member(self, name: str, *, declares: bool) -> str:
        if self.char() == "[":
            self._subscripted()
        word = self.word()
        if self.at == word.start:
            self.not_understood(f"{self.char()!r} in an array")
        if word.values and declares:
            self.at = word.start
            self.refuse("has a value in what declare, local or their like are given", ASSIGN)
        if word.values:
            self.assigned(name, word)
        return word.values.replace(NUMBER, "")

    def _subscripted(self) -> None:
        close = self.text.find("]", self.at)
        if self.text[close + 1 : close + 2] == "=":
            self.subscript("")
            self.at += 1
            if self.char() == "\ue000":
                self.refuse("has a value behind a subscript in an array", "leave the subscript out")
