"""Redirections and the text of here-documents."""

from __future__ import annotations

from gpusetup.render import marks
from gpusetup.render.marks import CLOSE, CODE, OPEN
from gpusetup.render.quoting_check.cursor import ASSIGN
from gpusetup.render.quoting_check.pattern import pattern
from gpusetup.render.quoting_check.words import Words

_BLANKS = pattern(r"(?:[ \t]|\\\n)*")
_OPERATOR = pattern(r"(?:[0-9]+|\{[A-Za-z_]\w*\})?(<<<|<<-|<<|<>|<&|>>|>&|>\||<(?!\()|>(?!\())|(&>>|&>)")
_DELIMITER = pattern(r"""'([\w.-]+)'|"([\w.-]+)"|\\?([\w.-]+)(?=[\s;&|<>)]|$)""")


class Redirections(Words):
    """Reads redirections, and here-documents behind the line that begins them."""

    def redirection(self) -> bool:
        """Read the redirection that begins here; False when none does."""
        found = _OPERATOR.match(self.text, self.at)
        if found is None:
            return False
        operator = found[1] or found[2]
        self.at = found.end()
        self.blanks()
        if operator in {"<<", "<<-"}:
            self._here_begins(operator)
            return True
        word = self.word()
        if word.values and operator != "<<<" and not word.tame:
            self.at = word.start
            self.refuse("has a value as the file of a redirection", 'write path="folder"/{{ value | plain | sh }}')
        return True

    def blanks(self) -> None:
        """Go over blanks and continued lines."""
        found = _BLANKS.match(self.text, self.at)
        if found and found.end() > self.at:
            self.at = found.end()

    def newline(self) -> None:
        """Go over a line's end and the here-documents that begin behind it."""
        self.at += 1
        for delimiter, tabs, quoted in self.pending:
            self._body(delimiter, tabs=tabs, quoted=quoted)
        self.pending = []

    def _here_begins(self, operator: str) -> None:
        if self.char() == OPEN:
            self.refuse_value("where a here-document is named")
        found = _DELIMITER.match(self.text, self.at)
        if found is None:
            self.not_understood("a here-document whose name is more than one plain word")
        self.at = found.end()
        name = found[1] or found[2] or found[3]
        self.pending.append((name, operator == "<<-", not found[3] or found[0][0] == "\\"))

    def _body(self, delimiter: str, *, tabs: bool, quoted: bool) -> None:
        """Read a here-document. Only text that was checked before may be in one, and only where it is not expanded."""
        start, inside = self.at, False
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            line = self.text[self.at : end if end >= 0 else len(self.text)]
            inside = self._kinds(line, inside=inside, quoted=quoted)
            plain = marks.stripped(line)
            if (plain.lstrip("\t") if tabs else plain) == delimiter:
                if inside or marks.ANY.search(line.removeprefix(CLOSE)):
                    self.refuse(f"puts text with the line {delimiter} into a here-document of that name", ASSIGN)
                self._ended(start, quoted=quoted)
                self.at += len(line)
                if end >= 0:
                    self.at += 1
                return
            if not quoted and (len(line) - len(line.rstrip("\\"))) % 2:
                self.not_understood("a here-document with a backslash at the end of a line: quote its name")
            self.at += len(line) + (end >= 0)
        self.not_understood(f"a here-document without its end, {delimiter}")

    def _kinds(self, line: str, *, inside: bool, quoted: bool) -> bool:
        """Refuse every value but `code` in a line of a here-document; return whether such text goes on behind it."""
        for found in marks.ANY.finditer(line):
            if found[0] == CLOSE and inside:
                inside = False
            elif found[0] == OPEN and line[found.end() : found.end() + 1] == CODE and quoted:
                inside = True
            else:
                self.at += found.start()
                self.refuse_value("into a here-document")
        return inside

    def _ended(self, start: int, *, quoted: bool) -> None:
        if not quoted and "$" in self.text[start : self.at]:
            self.evaluated("a here-document", start)
