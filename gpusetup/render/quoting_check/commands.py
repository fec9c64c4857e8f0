"""Commands: what may stand before a word, and so what bash takes the word for."""

from __future__ import annotations

import re

from gpusetup.render.marks import CODE, COMMENT, JSON, OPEN
from gpusetup.render.quoting_check.assignments import Assignments, Flow, Function
from gpusetup.render.quoting_check.cursor import ASSIGN, PLAINER, FinishedError
from gpusetup.render.quoting_check.positions import refused_argument, refused_name
from gpusetup.render.quoting_check.words import Word

_KEYWORD = re.compile(
    r"(if|then|elif|else|while|until|do|fi|done|esac|for|select|case|function|coproc|time|!|\{|\}|\[\[)(?=[\s;&|()<>]|$)"
)
_CLOSED = {"fi": "if", "done": "do", "}": "{"}
_NAME = re.compile(r"[A-Za-z_]\w*(?=[\s;])")
_FUNCTION = re.compile(r"[^\s;&|()<>'\"\\$`]+(?:\s*\([ \t]*\))?")
_NO_ARGUMENTS = re.compile(r"\([ \t]*\)")
_RUN = re.compile(r"RUN(?:(?:[ \t]|\\\n)+--[\w-]+=[\w/.,:=-]+)*(?:[ \t]|\\\n)+")
_WORDS = frozenset({"-n", "-z", "=", "==", "!="})
"""Behind these, ``[[ … ]]`` takes a quoted word for a text."""


class Commands(Assignments):
    """Reads lists of commands, to the last value or the end."""

    def commands(self, closing: str) -> None:
        """Read commands up to `closing`: ``)``, ``esac`` (or the end of its clause), or the end of the text."""
        level, start = len(self.open), self.at
        while True:
            self._separators()
            if self.at >= self.end:
                if self.end < len(self.text) or not closing:
                    raise FinishedError
                self.at = start
                self.not_understood(f"something without its end, {closing}")
            if closing == ")" and self.char() == ")":
                break
            if closing == "esac" and (self.sees(";;") or self.sees(";&") or re.match(r"esac\b", self.text[self.at :])):
                break
            if self.char() in {")", ";"}:
                self.not_understood(f"a {self.char()} that nothing opened")
            self._command()
        if len(self.open) != level:
            self.not_understood(f"a {closing} before the end of a {self.open[-1] if self.open else '{'}")

    def _separators(self) -> None:
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
            self._compound(keyword[1])
        elif self.sees("(("):
            self.arithmetic(2)
        elif self.char() == "(":
            name, start, self.defines = self.defines, self.at, ""
            self.at += 1
            self.commands(")")
            self.at += 1
            self._function_ends(name, start)
        else:
            self._simple()

    def _function_ends(self, name: str, start: int) -> None:
        if name:
            self.functions.append(Function(name, start, self.at))

    def _lines(self) -> None:
        """Go over a comment or a piece of text that was checked before; it has to be whole lines."""
        before = self.text[: self.at][-2:]
        if before and (before[-1] != "\n" or before == "\\\n"):
            self.refuse("puts a comment or checked text inside a line", "let it begin at the beginning of a line")
        text = self.value()
        if text and text[-1] != "\n" and self.char() not in {"\n", ""}:
            self.refuse("goes on behind a comment or checked text", "let the line end there")

    def _compound(self, keyword: str) -> None:
        if keyword == "coproc":
            self.not_understood("a coprocess")
        if keyword in {"if", "do", "{"}:
            self.open.append(keyword)
            self.opened.append((self.defines, self.at))
            self.defines = ""
        elif keyword in _CLOSED:
            if not self.open or self.open.pop() != _CLOSED[keyword]:
                self.not_understood(f"a {keyword} that nothing opened")
            self._function_ends(*self.opened.pop())
            self._behind()
        elif keyword in {"for", "select"}:
            self._for()
        elif keyword == "case":
            self._case()
        elif keyword == "[[":
            self._condition()
        elif keyword == "function":
            self.blanks()
            found = _FUNCTION.match(self.text, self.at)
            if found is None:
                self.not_understood("a function without a name")
            self.take(found.end(), "into a function's name")
            self.defines = found[0].partition("(")[0].strip()
        elif keyword == "time":
            self.blanks()
            self.at += 3 if self.sees("-p ") else 0
        elif keyword == "esac":
            self.not_understood("an esac that nothing opened")

    def _behind(self) -> None:
        """Read the redirections behind a compound command."""
        self.blanks()
        while self.redirection():
            self.blanks()
        if self.char() not in {"", *"\n;&|)#"}:
            self.not_understood("a word behind the end of a compound command")

    def _for(self) -> None:
        self.blanks()
        if self.sees("(("):
            self.arithmetic(2)
            return
        name = _NAME.match(self.text, self.at)
        if name is None:
            self.not_understood("a for without the name of a variable")
        self.at = name.end()
        while self.char() and self.char() in " \t\n":
            self.take(self.at + 1, "")
        if not re.compile(r"in[ \t]").match(self.text, self.at):
            self.flows.append(Flow(self.at, name[0], '"$@"', ""))
            return
        self.at += 2
        self.blanks()
        while self.char() not in {"\n", ";"}:
            word = self.word()
            if self.at == word.start:
                self.not_understood(f"{self.char()!r} in the list of a for")
            self.assigned(name[0], word)
            self.blanks()

    def _case(self) -> None:
        self.blanks()
        self.word()
        if re.compile(r"\s+in\s").match(self.text, self.at) is None:
            self.not_understood("a case without its in")
        self.blanks()
        self.take(self.text.index("in", self.at) + 2, "")
        while True:
            self._separators()
            if re.compile(r"esac\b").match(self.text, self.at):
                self.at += 4
                self._behind()
                return
            if self.at >= self.end and self.end < len(self.text):
                raise FinishedError
            self.at += self.char() == "("
            self.pattern(")")
            self.commands("esac")
            if self.char() == ";":
                self.at += 3 if self.sees(";;&") else 2

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

    def _condition(self) -> None:
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
        self._behind()

    def _condition_sites(self, start: int) -> None:
        if re.search(r"\s-(?:eq|ne|lt|le|gt|ge|v|R)\s", self.text[start : self.at]):
            self.evaluated("a comparison of numbers", start)

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
    except FinishedError:
        if whole and text.rstrip("\n").endswith("\\"):
            reader.refuse("is not whole: it ends in a backslash", PLAINER)
        if whole and reader.open:
            reader.refuse(f"is not whole: a {reader.open[-1]} has no end", PLAINER)
        if whole and reader.pending:
            reader.refuse("is not whole: a here-document has no end", PLAINER)
    return reader
