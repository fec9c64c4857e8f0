"""A position in rendered shell text, and the errors for it."""

from __future__ import annotations

from typing import NoReturn

from gpusetup.errors import WrongInputError
from gpusetup.render import marks
from gpusetup.render.marks import ANY, CLOSE, OPEN, RAW
from gpusetup.text import neutral

ASSIGN = 'assign it to a variable on a line of its own, name={{ value | sh }}, and use "$name"'
FILTER = "write {{ value | sh }}, with the filter last"
PLAINER = (
    'write it in a plainer way, or put the values before it: name={{ value | sh }}, and "$name" where it is needed'
)


class UnsafeTextError(WrongInputError):
    """Text with a value in a place that is not known to be safe.

    `line` is that line of it, marks and all, `at` where the value stands in the whole.
    """

    def __init__(self, text: str, at: int, what: str, remedy: str) -> None:
        self.line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
        self.at = at
        self.what = f"{neutral(marks.stripped(self.line).strip())[:80]!r}, {what}"
        super().__init__(f"line {text.count(chr(10), 0, at) + 1} of this text, {self.what}", remedy)


class FinishedError(Exception):
    """The last value was read; the rest of the text need not be checked."""


class Cursor:
    """Text, and how far it was read. `end` is behind the last mark, or the whole length."""

    def __init__(self, text: str, *, whole: bool) -> None:
        self.text = text
        self.at = 0
        self.end = len(text) if whole else marks.last(text) + 1
        self.pending: list[tuple[str, bool, bool]] = []
        """Here-documents that begin on the next line: delimiter, whether tabs are stripped, whether it is quoted."""

    def char(self) -> str:
        """Return the next character, "" at the end."""
        return self.text[self.at : self.at + 1]

    def sees(self, what: str) -> bool:
        """Whether `what` comes next."""
        return self.text.startswith(what, self.at)

    def kind(self) -> str:
        """Return the kind of the value that comes next, "" when none does."""
        return self.text[self.at + 1 : self.at + 2] if self.char() == OPEN else ""

    def value(self) -> str:
        """Go behind the value that comes next and return its text."""
        close = self.text.index(CLOSE, self.at)
        found = self.text[self.at + 2 : close]
        self.at = close + 1
        return found

    def take(self, end: int, place: str) -> None:
        """Go on to `end`; refuses a value on the way, which would stand in `place`."""
        piece = self.text[self.at : end]
        found = ANY.search(piece)
        if found:
            self.at += found.start()
            self.refuse_value(place)
        if self.pending and "\n" in piece:
            self.not_understood("a here-document whose text does not begin on the next line")
        self.at = end

    def take_through(self, close: str, place: str) -> None:
        """Go behind the next `close`."""
        found = self.text.find(close, self.at)
        if found < 0:
            rest = ANY.search(self.text, self.at)
            if rest:
                self.at = rest.start()
                self.refuse_value(place)
            self.not_understood(f"{place} without an end")
        self.take(found + len(close), place)

    def refuse_value(self, place: str) -> NoReturn:
        """Refuse the value that comes next, because it stands in `place`."""
        if self.char() == RAW:
            line = self.text[self.at + 1 :].partition("\n")[0]
            self.refuse(f"has the unquoted value {line[:60]!r}", FILTER)
        self.refuse(f"puts a value {place}", ASSIGN)

    def not_understood(self, what: str) -> NoReturn:
        """Refuse text that is not read here the way bash reads it, or might not be."""
        self.refuse(f"is not understood: it has {what}", PLAINER)

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Refuse the text, naming the line at hand."""
        raise UnsafeTextError(self.text, self.at, what, remedy)
