"""The blocks of one step file, each rendered by itself and checked for the positions of its values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gpusetup.errors import WrongInputError
from gpusetup.render import environment
from gpusetup.render.environment import template_faults
from gpusetup.render.marks import CLOSE, OPEN, RAW
from gpusetup.render.quoting_check import UnsafeTextError, check_shell, check_values

if TYPE_CHECKING:
    from jinja2 import Environment

    from gpusetup.resolve.model import Stack

BASE = "step.sh.j2"
SHELL = ("define", "check", "apply", "undo")


class Blocks:
    """The blocks of one step file; those it does not define come from the base file."""

    def __init__(self, name: str, templates: Environment, stack: Stack) -> None:
        self.template = environment.get(templates, name)
        self.name = name
        self.blocks = environment.get(templates, BASE).blocks | self.template.blocks
        self.context = self.template.new_context({"stack": stack})

    def __call__(self, part: str) -> str:
        """Return a rendered block, with the marks around its values."""
        with template_faults(f"{self.name}, block {part}"):
            if part not in self.blocks:
                raise WrongInputError("this block is missing", f"add it: {{% block {part} %}}…{{% endblock %}}")
            return "".join(self.blocks[part](self.context))

    def shell(self, part: str) -> str:
        """Return a block of shell text that ends in one newline, after checking that its values are only data."""
        marked = self(part)
        try:
            text = check_shell(marked).strip("\n")
        except UnsafeTextError as error:
            self._refuse(part, error)
        return text + "\n" if text else ""

    def prove(self, library: str) -> None:
        """Check that every block closes what it opens, and that nothing in the step evaluates a value.

        The functions of `library` are looked through with it. Raises `WrongInputError`.
        """
        texts = [("", library), *((part, self(part)) for part in SHELL)]
        for part, text in texts:
            try:
                check_shell(text, whole=True)
            except UnsafeTextError as error:
                self._refuse(part, error)
        try:
            check_values("\n".join(text for _, text in texts))
        except UnsafeTextError as error:
            before = 0
            for part, text in texts:
                if before <= error.at <= before + len(text):
                    self._refuse(part, error)
                before += len(text) + 1
            raise

    def _refuse(self, part: str, error: UnsafeTextError) -> NoReturn:
        number = _line(self.template.filename, part, error.line) if part else None
        place = f"{self.name}, line {number}" if number else f"{self.name}, block {part}" if part else "the library"
        raise WrongInputError(f"{place}: {error.what}", error.remedy) from error


def _line(path: str | None, part: str, marked: str) -> int | None:
    """Return the line of the template at `path` that a line of its block `part` was rendered from, if it is found."""
    if path is None or not Path(path).is_file() or not marked.strip():
        return None
    fixed = re.split(f"{OPEN}.[^{CLOSE}]*{CLOSE}(?: {OPEN}.[^{CLOSE}]*{CLOSE})*|{RAW}.*", marked.strip())
    wanted = re.compile(r"\{\{.*?\}\}".join(re.escape(one) for one in fixed))
    inside = False
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        inside = inside or re.search(rf"\{{%[-+]?\s*block\s+{part}\b", line) is not None
        if inside and wanted.search(line):
            return number
    return None
