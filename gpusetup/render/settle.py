"""Reads rendered shell text the way bash does, to see that every value in it stands where it is safe."""

from __future__ import annotations

import re
from typing import NoReturn

from gpusetup.errors import WrongInputError
from gpusetup.render.quoting import CLOSE, OPEN, RAW

_USE_A_VARIABLE = "assign it to a variable on a line of its own, name={{ value | sh }}, and use that"
# runs of characters that mean nothing to bash's quoting
_PLAIN = re.compile(rf"""[^\\'"#$<\n(){OPEN}{RAW}]+""")
_PLAIN_IN_DOUBLE = re.compile(rf"""[^\\"${OPEN}{RAW}]+""")


def settle(text: str) -> str:
    """Return `text` without its marks, having seen that every value stands where bash reads a bare word.

    A small reader of bash's quoting, on the safe side: command substitutions nest, backquotes and arithmetic are not
    told apart from bare text (a quoted value is as safe there), and a here-document with a value in it is refused
    whether or not its delimiter is quoted. O(n) in the length of `text` up to its last mark.
    """
    last = max(text.rfind(OPEN), text.rfind(RAW))
    return _Reader(text, last + 1).read() if last >= 0 else text


def settle_data(text: str) -> str:
    """Return `text`, which no shell reads, without its marks: every value went through the filter of its grammar.

    Those filters (`json`, `unit`) quote a value wherever it stands; `comment` and `line` need the rest of the line.
    """
    found = re.search(f"{RAW}([^\n]*)|{OPEN}([^{CLOSE}]*){CLOSE}(?!\n)|[^\n]{OPEN}((?:#|//)[^{CLOSE}]*)", text)
    if found:
        value = next(one for one in found.groups() if one is not None).replace(CLOSE, "")[:60]
        raise WrongInputError(
            f"this text has {value!r} without quotes", "write {{ value | json }}, with the filter last"
        )
    return text.replace(OPEN, "").replace(CLOSE, "")


class _Reader:
    def __init__(self, text: str, end: int) -> None:
        self.text = text
        self.end = end
        self.at = 0
        self.out: list[str] = []
        self.contexts = ["bare"]  # what encloses this place: bare, double, substitution, paren
        self.here: list[str] = []  # delimiters of here-documents that begin on the next line

    def read(self) -> str:
        while self.at < self.end:
            double = self.contexts[-1] == "double"
            plain = (_PLAIN_IN_DOUBLE if double else _PLAIN).match(self.text, self.at)
            if plain:
                self._take(plain.end() - self.at)
            else:
                (self._double if double else self._bare)(self.text[self.at])
        return "".join(self.out) + self.text[self.at :]

    def _take(self, length: int = 1) -> None:
        piece = self.text[self.at : self.at + length]
        if RAW in piece:
            self._refuse(
                f"has the unquoted value {piece.partition(RAW)[2][:60]!r}",
                "write {{ value | sh }}, with the filter last",
            )
        if OPEN in piece:
            self._refuse("puts a value inside quotes, a comment or a here-document", _USE_A_VARIABLE)
        self.out.append(piece)
        self.at += length

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        raise WrongInputError(f"line {line} of this shell text {what}", remedy)

    def _until(self, end: str) -> None:
        found = self.text.find(end, self.at)
        self._take((len(self.text) if found < 0 else found + len(end)) - self.at)

    def _double(self, char: str) -> None:
        if char == "\\":
            self._take(2)
        elif self.text.startswith("$(", self.at):
            self._take(2)
            self.contexts.append("substitution")
        else:
            if char == '"':
                self.contexts.pop()
            self._take()

    def _bare(self, char: str) -> None:
        rest = self.text[self.at : self.at + 3]
        if char == OPEN:
            self._value()
        elif char == "\\":
            self._take(2)
        elif rest.startswith("$'"):
            self._ansi()
        elif char == "'":
            self._take()
            self._until("'")
        elif char == "#" and self._word_begins():
            self._until_line_end()
        elif rest == "<<<":
            self._take(3)
        elif rest.startswith("<<"):
            self._here_begins()
        elif char == "\n":
            self._take()
            self._here_bodies()
        else:
            self._nest(char)
            self._take()

    def _value(self) -> None:
        end = self.text.index(CLOSE, self.at)
        value = self.text[self.at + 1 : end]
        before = self.text[self.at - 1] if self.at else "\n"
        if before == "$" or (value.startswith("#") and before != "\n"):
            # $'…' is another kind of quoting; a comment needs a line of its own
            self._refuse("puts a value behind a dollar sign or a comment inside a line", _USE_A_VARIABLE)
        self.out.append(value)
        self.at = end + 1

    def _nest(self, char: str) -> None:
        if char == '"':
            self.contexts.append("double")
        elif char == "(":
            self.contexts.append("paren")
        elif char == ")" and self.contexts[-1] != "bare":
            self.contexts.pop()

    def _ansi(self) -> None:
        self._take(2)
        while self.at < len(self.text) and self.text[self.at] != "'":
            self._take(2 if self.text[self.at] == "\\" else 1)
        self._take()

    def _word_begins(self) -> bool:
        return self.at == 0 or self.text[self.at - 1] in " \t\n;&|()"

    def _until_line_end(self) -> None:
        found = self.text.find("\n", self.at)
        self._take((len(self.text) if found < 0 else found) - self.at)

    def _here_begins(self) -> None:
        self._take(3 if self.text.startswith("<<-", self.at) else 2)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in " \t\n;&|<>()":
            self._take()
        self.here.append(self.text[start : self.at].strip("'\"\\"))

    def _here_bodies(self) -> None:
        for delimiter in self.here:
            line = ""
            while self.at < len(self.text) and line.strip("\t\n") != delimiter:
                start = self.at
                self._until("\n")
                line = self.text[start : self.at]
        self.here = []
