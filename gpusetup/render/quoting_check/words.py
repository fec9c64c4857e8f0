"""Words, with the values in them."""

from __future__ import annotations

import re
from typing import NamedTuple

from gpusetup.render.marks import NUMBER, OPEN, PLAIN, WORD
from gpusetup.render.quoting_check.cursor import FILTER
from gpusetup.render.quoting_check.expansions import Expansions
from gpusetup.render.quoting_check.pattern import pattern

_LITERAL = pattern(r"[A-Za-z0-9_./:@%+,=-]+")
_END = frozenset(" \t\n;&|()<>")
_OF_WORDS = (WORD, PLAIN, NUMBER)


class Word(NamedTuple):
    """A word of a command. `text` is what it says where that is fixed: without expansions and values."""

    start: int
    text: str | None
    quoted: bool
    values: str
    """The kinds of the values in it, in order."""
    begins_with_value: bool

    @property
    def tame(self) -> bool:
        """Whether all values in it are plain or numbers, behind something that is fixed."""
        return not self.begins_with_value and WORD not in self.values


class Words(Expansions):
    """Reads words; refuses those in which something that might have a meaning to bash is joined to a value."""

    def word(self, also: str = "") -> Word:
        """Read the word that begins here. Characters of `also` are part of a word in this place."""
        start, values, fixed, said, odd, quoted = self.at, "", True, [], "", False
        begins = self.char() == OPEN
        while (char := self.char()) and (char not in _END or char in also or self.sees("<(") or self.sees(">(")):
            literal = _LITERAL.match(self.text, self.at)
            before = self.at
            if literal:
                self.at = literal.end()
                said.append(literal[0])
            elif char == OPEN:
                values += self._admitted()
            elif char == "'":
                self.single()
                said.append(self.text[before + 1 : self.at - 1])
                quoted = True
            elif char in '"$`':
                self._expanded(char)
                quoted = True
                inside = self.text[before + 1 : self.at - 1] if char == '"' else "$"
                fixed = fixed and not re.search(r"[\\$`]", inside)
                said.append(inside)
            elif char == "\\":
                self.take(self.at + 2, "behind a backslash")
                quoted = True
                said.append(self.text[before + 1 : self.at].replace("\n", ""))
            elif char in "<>":
                odd = "a process substitution"
                fixed = False
                self.substitution(2)
            else:
                self.take(self.at + 1, "without a filter")
                odd = repr(char)
                said.append(char)
        if values and odd:
            self.at = start
            self.not_understood(f"{odd} in one word with a value")
        text = "".join(said) if fixed and not values else None
        return Word(start, text, quoted, values, begins and bool(values))

    def _admitted(self) -> str:
        kind = self.kind()
        if kind not in _OF_WORDS:
            self.refuse("has a value in a word of the shell that another filter than sh wrote", FILTER)
        self.value()
        return kind

    def _expanded(self, char: str) -> None:
        if char == "`":
            self.backquotes()
        elif char == '"':
            self.double()
        else:
            self.dollar(double=False)
            if self.text[self.at - 1] == "$" and self.char() == '"':
                self.double()  # $"…" is a double-quoted string
