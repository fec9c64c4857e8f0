"""Conditions, ``[[ … ]]``, and patterns."""

from __future__ import annotations

from gpusetup.render.marks import OPEN
from gpusetup.render.quoting_check.assignments import Assignments
from gpusetup.render.quoting_check.cursor import ASSIGN
from gpusetup.render.quoting_check.pattern import pattern

_WORDS = frozenset({"-n", "-z", "=", "==", "!="})
"""Behind these, ``[[ … ]]`` takes a quoted word for a text."""
_NUMBERS = pattern(r"\s-(?:eq|ne|lt|le|gt|ge|v|R)\s")


class Conditions(Assignments):
    """Reads what bash compares."""

    def pattern(self, closing: str) -> None:
        """Read a pattern, in which no value may stand, up to a character of `closing`."""
        depth = 0
        while (char := self.char()) and (depth or char not in closing):
            if char in "'":
                self.single()
            elif char == '"':
                self.double()
            elif char == "$":
                self.dollar(double=False)
            elif char == "\\":
                self.take(self.at + 2, "into a pattern")
            elif char == "`" or (char == "\n" and not depth):
                self.not_understood(f"a pattern with {char!r}")
            else:
                depth += (char == "(") - (char == ")")
                self.take(self.at + 1, "into a pattern")
        if not char:
            self.not_understood("a pattern without its end")
        if closing == ")":
            self.at += 1

    def condition(self) -> None:
        """Read ``[[ … ]]``, where a value may be compared as a text and nothing else."""
        start, before = self.at, ""
        while True:
            while self.char() and (self.char() in " \t\n" or self.sees("\\\n")):
                self.take(self.at + 1 + (self.char() == "\\"), "")
            if self.sees("&&") or self.sees("||"):
                self.at, before = self.at + 2, ""
            elif self.char() in {"(", ")", "<", ">"}:
                self.at, before = self.at + 1, self.char()
            elif before == "=~" or (before in _WORDS and self.char() != OPEN):
                self.pattern(" \t\n")
                before = ""
            else:
                word = self.word()
                if word.text == "]]" and not word.quoted:
                    break
                if self.at == word.start:
                    self.not_understood("a [[ without its end")
                if word.values and before not in _WORDS:
                    self.at = word.start
                    self.refuse("has a value in [[ … ]] elsewhere than behind ==, !=, -n or -z", ASSIGN)
                before = "" if word.quoted else (word.text or "")
        self._condition_sites(start)
        self.behind()

    def _condition_sites(self, start: int) -> None:
        if _NUMBERS.search(self.text, start, self.at):
            self.evaluated("a comparison of numbers", start)

    def behind(self) -> None:
        """Read the redirections behind a compound command."""
        """Read the redirections behind a compound command."""
        self.blanks()
        while self.redirection():
            self.blanks()
        if self.char() not in {"", *"\n;&|)#"}:
            self.not_understood("a word behind the end of a compound command")
