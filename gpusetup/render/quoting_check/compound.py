"""Compound commands: loops and cases, and the names of functions."""

from __future__ import annotations

from gpusetup.render.quoting_check.assignments import Flow, Function
from gpusetup.render.quoting_check.conditions import Conditions
from gpusetup.render.quoting_check.cursor import FinishedError
from gpusetup.render.quoting_check.pattern import pattern

_CLOSED = {"fi": "if", "done": "do", "}": "{"}
_NAME = pattern(r"[A-Za-z_]\w*(?=[\s;])")
_FUNCTION = pattern(r"[^\s;&|()<>'\"\\$`]+(?:\s*\([ \t]*\))?")
_IN = pattern(r"in[ \t]")
_CASE_IN = pattern(r"\s+in\s")
ESAC = pattern(r"esac(?=[\s;&|)]|$)")


class Compound(Conditions):
    """Reads what a reserved word begins."""

    def separators(self) -> None:
        """Go over what parts commands."""
        raise NotImplementedError

    def function_ends(self, name: str, start: int) -> None:
        """Note that the body of the function `name`, "" for none, ends here."""
        if name:
            self.functions.append(Function(name, start, self.at))

    def compound(self, keyword: str) -> None:
        """Read on behind a reserved word."""
        if keyword == "coproc":
            self.not_understood("a coprocess")
        if keyword in {"if", "do", "{"}:
            self.open.append(keyword)
            self.opened.append((self.defines, self.at))
            self.defines = ""
        elif keyword in _CLOSED:
            if not self.open or self.open.pop() != _CLOSED[keyword]:
                self.not_understood(f"a {keyword} that nothing opened")
            self.function_ends(*self.opened.pop())
            self.behind()
        elif keyword in {"for", "select"}:
            self._for()
        elif keyword == "case":
            self._case()
        elif keyword == "[[":
            self.condition()
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
        if not _IN.match(self.text, self.at):
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
        if _CASE_IN.match(self.text, self.at) is None:
            self.not_understood("a case without its in")
        self.blanks()
        self.take(self.text.index("in", self.at) + 2, "")
        while True:
            self.separators()
            if ESAC.match(self.text, self.at):
                self.at += 4
                self.behind()
                return
            if self.at >= self.end and self.end < len(self.text):
                raise FinishedError
            self.at += self.char() == "("
            self.pattern(")")
            self.commands("esac")
            if self.char() == ";":
                self.at += 3 if self.sees(";;&") else 2
