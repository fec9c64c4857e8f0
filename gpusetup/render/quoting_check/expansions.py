"""Quotes and expansions, read as bash reads them; none of them may hold a value."""

from __future__ import annotations

import re
from typing import NamedTuple

from gpusetup.render.marks import NUMBER, OPEN
from gpusetup.render.quoting_check.cursor import Cursor
from gpusetup.render.quoting_check.pattern import pattern

_IN_DOUBLE = pattern('[^\\\\"$`\ue000-\ue002]+')
_IN_ARITHMETIC = pattern("[^()'\"\\\\$`\ue000-\ue002]+")
_IN_BRACES = pattern("[^}{'\"\\\\$`\ue000-\ue002]+")
_IN_SUBSCRIPT = pattern("[^][{}'\"\\\\$`\\s\ue000-\ue002]+")
_BACKQUOTED = pattern(r"(?:[^`\\]|\\.)*`", re.DOTALL)
_IN_ANSI = pattern(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_NAMED = pattern(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])")
_WHOLE = pattern(r"\$\{[#]?(?:[A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?:\[[@*]\])?\}")
_BEGUN = pattern(r"\$\{([#!]?)([A-Za-z_]\w*|[0-9]+|[@*?$#-])")


class Site(NamedTuple):
    """A place whose text bash evaluates, beyond expanding it once: the names in it are read as expressions."""

    at: int
    what: str
    text: str
    array: str = ""


class Expansions(Cursor):
    """What may stand inside a word."""

    def __init__(self, text: str, *, whole: bool) -> None:
        super().__init__(text, whole=whole)
        self.sites: list[Site] = []

    def commands(self, closing: str) -> None:
        """Read commands up to `closing`."""
        raise NotImplementedError

    def evaluated(self, what: str, start: int, array: str = "") -> None:
        """Note that the text from `start` to here is evaluated; in a subscript, unless `array` is associative."""
        self.sites.append(Site(start, what, self.text[start : self.at], array))

    def double(self) -> None:
        """Read a double-quoted string; a whole number is the only value that may stand in it."""
        start = self.at
        self.at += 1
        while True:
            plain = _IN_DOUBLE.match(self.text, self.at)
            if plain:
                self.take(plain.end(), "inside double quotes")
            char = self.char()
            if char == '"':
                self.at += 1
                return
            if char == "\\":
                self.take(self.at + 2, "behind a backslash")
            elif char == "$":
                self.dollar(double=True)
            elif char == "`":
                self.backquotes()
            elif self.kind() == NUMBER:
                self.value()
            elif char:
                self.refuse_value("inside double quotes")
            else:
                self.at = start
                self.not_understood("a double quote without its end")

    def single(self) -> None:
        """Read a single-quoted string."""
        self.at += 1
        self.take_through("'", "inside single quotes")

    def backquotes(self) -> None:
        """Go over a command substitution of the old kind, which ends at the first backquote without a backslash."""
        self.at += 1
        end = _BACKQUOTED.match(self.text, self.at)
        if end is None:
            self.not_understood("a backquote without its end")
        self.take(end.end(), "inside backquotes")

    def dollar(self, *, double: bool) -> None:
        """Read what a dollar sign begins."""
        named = _NAMED.match(self.text, self.at) or _WHOLE.match(self.text, self.at)
        if named:
            self.at = named.end()
        elif self.sees("$(("):
            self.arithmetic(3)
        elif self.sees("$("):
            self.substitution(2)
        elif self.sees("${"):
            self.braces(double=double)
        elif self.sees("$["):
            self.not_understood("$[…]: write $((…))")
        elif self.sees("$'") and not double:
            found = _IN_ANSI.match(self.text, self.at)
            if found is None:
                self.not_understood("$'…' without its end")
            self.take(found.end(), "inside $'…'")
        elif self.text.startswith(OPEN, self.at + 1):
            self.at += 1
            self.refuse_value("behind a dollar sign")
        else:
            self.take(self.at + 1, "")

    def substitution(self, length: int) -> None:
        """Read ``$(…)``, ``<(…)`` or ``>(…)``."""
        if self.pending:
            self.not_understood("a substitution behind the beginning of a here-document")
        self.at += length
        self.commands(")")
        self.at += 1

    def arithmetic(self, length: int) -> None:
        """Read ``$((…))`` or ``((…))``, whose text is evaluated."""
        start = self.at
        self.at += length
        depth = 0
        while True:
            plain = _IN_ARITHMETIC.match(self.text, self.at)
            if plain:
                self.take(plain.end(), "into arithmetic")
            char = self.char()
            if char == ")" and not depth:
                break
            if char in {"(", ")"}:
                depth += 1 if char == "(" else -1
                self.at += 1
            else:
                self.inner(char, "arithmetic")
        if not self.sees("))"):
            self.not_understood("(( that ends in a single )")
        self.at += 2
        self.evaluated("arithmetic", start)

    def inner(self, char: str, place: str) -> None:
        """Read a quote or an expansion inside of arithmetic or a subscript."""
        if char == "$" and not self.sees("$'") and not self.sees('$"'):
            self.dollar(double=False)
        elif char == '"':
            self.double()
        elif self.kind() == NUMBER:
            self.value()
        elif self.text[self.at : self.at + 1] >= "\ue000":
            self.refuse_value(f"into {place}, which bash evaluates")
        else:
            self.not_understood(f"{place} with {char!r}" if char else f"{place} without its end")

    def subscript(self, array: str) -> None:
        """Read ``[…]`` behind the name `array`, which is arithmetic unless the array is associative."""
        start = self.at
        self.at += 1
        while self.char() != "]":
            plain = _IN_SUBSCRIPT.match(self.text, self.at)
            if plain:
                self.take(plain.end(), "into a subscript")
            else:
                self.inner(self.char(), "a subscript")
        self.at += 1
        self.evaluated("a subscript", start, array)

    def braces(self, *, double: bool) -> None:
        """Read ``${…}``."""
        start = self.at
        begun = _BEGUN.match(self.text, self.at)
        if begun is None:
            self.not_understood("${ with something other than a name behind it")
        self.at = begun.end()
        listed = self.sees("[@]") or self.sees("[*]")
        if listed:
            self.at += 3
        elif self.char() == "[":
            self.subscript(begun[2])
        operator, behind = self.text[self.at : self.at + 2], self.at
        while self.char() != "}":
            self._in_braces(double=double)
        self.at += 1
        if begun[1] == "!" and not listed and operator[:1] not in {"*", "@"}:
            self.evaluated("an indirect name", start)
        if operator[:1] == ":" and operator[1:] not in set("-+=?"):
            self.evaluated("a substring's bounds", behind)
        if operator in {":=", "="} or operator[:1] == "=":
            self.evaluated("a default", start)
        if operator == "@P":
            self.evaluated("a transformation", start)

    def _in_braces(self, *, double: bool) -> None:
        plain = _IN_BRACES.match(self.text, self.at)
        char = self.char()
        if plain:
            self.take(plain.end(), "inside ${…}")
        elif char == "\\":
            self.take(self.at + 2, "inside ${…}")
        elif char == "$" and not self.sees("$'") and not self.sees('$"'):
            self.dollar(double=double)
        elif char == "'" and not double:
            self.single()
        elif char == '"':
            self.double()
        elif char >= "\ue000":
            self.refuse_value("inside ${…}")
        else:
            self.not_understood(f"${{…}} with {char!r} inside" if char else "${ without its end")
