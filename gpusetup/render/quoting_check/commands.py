"""Commands: the context before a word, which decides how bash reads the word."""

from __future__ import annotations

from gpusetup.render.marks import CODE, COMMENT, JSON
from gpusetup.render.quoting_check.compound import ESAC, Compound
from gpusetup.render.quoting_check.cursor import PLAINER, FinishedError
from gpusetup.render.quoting_check.pattern import pattern
from gpusetup.render.quoting_check.positions import refused_argument, refused_name
from gpusetup.render.quoting_check.words import Word

_KEYWORD = pattern(
    r"(if|then|elif|else|while|until|do|fi|done|esac|for|select|case|function|coproc|time|!|\{|\}|\[\[)(?=[\s;&|()<>]|$)"
)
_NO_ARGUMENTS = pattern(r"\([ \t]*\)")
_RUN = pattern(r"RUN(?:(?:[ \t]|\\\n)+--[\w-]+=[\w/.,:=-]+)*(?:[ \t]|\\\n)+")


class Commands(Compound):
    """Reads lists of commands, to the last value or the end."""

    def commands(self, closing: str) -> None:
        """Read commands up to `closing`: ``)``, ``esac`` (or the end of its clause), or the end of the text."""
        level, start = len(self.open), self.at
        while True:
            self.separators()
            if self.at >= self.end:
                if self.end < len(self.text) or not closing:
                    raise FinishedError
                self.at = start
                self.not_understood(f"something without its end, {closing}")
            if closing == ")" and self.char() == ")":
                break
            if closing == "esac" and (self.sees(";;") or self.sees(";&") or ESAC.match(self.text, self.at)):
                break
            if self.char() in {")", ";"}:
                self.not_understood(f"a {self.char()} that nothing opened")
            self._command()
        if len(self.open) != level:
            self.not_understood(f"a {closing} before the end of a {self.open[-1] if self.open else '{'}")

    def separators(self) -> None:
        """Go over what parts commands: blanks, ends of lines, comments, ``;``, ``&``, ``|``."""
        while self.at < self.end:
            char = self.char()
            if char in {" ", "\t", "|"} or self.sees("\\\n"):
                self.at += 2 if char == "\\" else 1
            elif char == "\n":
                self.newline()
            elif char == "#":
                self.comment()
            elif (char == ";" and self.text[self.at + 1 : self.at + 2] not in {";", "&"}) or (
                char == "&" and not self.sees("&>")
            ):
                self.at += 1
            else:
                return

    def comment(self) -> None:
        """Go over a comment of the template."""
        end = self.text.find("\n", self.at)
        self.take(len(self.text) if end < 0 else end, "in a comment")

    def _command(self) -> None:
        keyword = _KEYWORD.match(self.text, self.at)
        if self.kind() in {COMMENT, CODE}:
            self._lines()
        elif (
            self.instructions
            and self.at == self.text.rfind("\n", 0, self.at) + 1
            and (run := _RUN.match(self.text, self.at))
        ):
            self.at = run.end()
        elif keyword:
            self.at = keyword.end()
            self.compound(keyword[1])
        elif self.sees("(("):
            self.arithmetic(2)
        elif self.char() == "(":
            name, start, self.defines = self.defines, self.at, ""
            self.at += 1
            self.commands(")")
            self.at += 1
            self.function_ends(name, start)
        else:
            self._simple()

    def _lines(self) -> None:
        """Go over a comment or a piece of text that was checked before; it has to be whole lines."""
        before = self.text[max(self.at - 2, 0) : self.at]
        if before and (before[-1] != "\n" or before == "\\\n"):
            self.refuse("puts a comment or checked text inside a line", "let it begin at the beginning of a line")
        text = self.value()
        if text and text[-1] != "\n" and self.char() not in {"\n", ""}:
            self.refuse("goes on behind a comment or checked text", "let the line end there")

    def _simple(self) -> None:
        """Read assignments, then the words of a command; refuses values where the command evaluates them."""
        words: list[Word] = []
        start = self.at
        while (char := self.char()) not in {"", "\n", ";", "|", ")", "#"} and (char != "&" or self.sees("&>")):
            if self.redirection():
                pass
            elif char == "(":
                if len(words) == 1 and _NO_ARGUMENTS.match(self.text, self.at):
                    self.take(self.text.index(")", self.at) + 1, "")
                    refused_name(self, words[0])
                    self.defines = words[0].text or ""
                    return
                self.not_understood("a ( behind a word")
            elif not self.assignment(words):
                if self.kind() == JSON and self._instruction(words):
                    self.value()
                    return
                words.append(self.word())
            self.blanks()
        if words:
            self.called(start, words)
            refused_argument(self, words)

    def _instruction(self, words: list[Word]) -> bool:
        """Whether this is the list of a Containerfile's CMD or ENTRYPOINT, which is a line of its own."""
        line = self.text.rfind("\n", 0, self.at) + 1
        first = words[0] if len(words) == 1 else None
        return (
            self.instructions
            and first is not None
            and first.start == line
            and first.text in {"CMD", "ENTRYPOINT"}
            and self.text[max(line - 2, 0) : line] != "\\\n"
        )


def check(text: str, *, whole: bool, instructions: bool = False) -> Commands:
    """Read `text` and return the reader, for what it noted; raises `WrongInputError` where a value may not stand."""
    reader = Commands(text, whole=whole)
    reader.instructions = instructions
    try:
        reader.commands("")
    except RecursionError:
        reader.at = 0
        reader.not_understood("commands in each other, too deep")
    except FinishedError:
        if whole and text.rstrip("\n").endswith("\\"):
            reader.refuse("is not whole: it ends in a backslash", PLAINER)
        if whole and reader.open:
            reader.refuse(f"is not whole: a {reader.open[-1]} has no end", PLAINER)
        if whole and reader.pending:
            reader.refuse("is not whole: a here-document has no end", PLAINER)
    return reader
