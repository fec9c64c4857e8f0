"""The Jinja environments, in which an unquoted value cannot get into shell text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpusetup.errors import WrongInputError
from gpusetup.render import quoting
from gpusetup.stand_in import standing_in

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def steps(folders: list[Path]) -> Environment:
    """Return the environment for step files; `folders` are searched in order."""
    return _environment(folders, sh=quoting.sh, plain=quoting.plain, number=quoting.number)


def scripts(folders: list[Path]) -> Environment:
    """Return the environment for whole files, which contain phases that were rendered before."""
    return _environment(
        folders,
        sh=quoting.sh,
        plain=quoting.plain,
        number=quoting.number,
        code=quoting.code,
        comment=quoting.comment,
        doubled=quoting.doubled,
        json=quoting.json_text,
        block=quoting.block,
        line=quoting.line,
        literal=quoting.literal,
        unit=quoting.unit,
        unit_line=quoting.unit_line,
    )


def _environment(folders: list[Path], **filters: Callable[..., Any]) -> Environment:
    with standing_in({"tempfile": {}}):  # 4 ms, for a cache of bytecode on disk that is not used here
        from jinja2 import Environment, StrictUndefined  # start-up time

    from gpusetup.render.template_cache import Loader  # it needs Jinja too

    environment = Environment(
        loader=Loader(folders),
        undefined=StrictUndefined,
        finalize=quoting.mark,
        comment_start_string="{##",  # ${#array[@]} is plain bash
        comment_end_string="##}",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        optimized=False,  # templates are rendered once: folding constants costs more than it saves
        autoescape=False,  # noqa: S701 - this is shell text, not HTML; `finalize` marks what is not quoted
    )
    environment.filters |= filters
    return environment


def get(environment: Environment, name: str) -> Template:
    """Load the template `name`; an error in it becomes a one-line message."""
    with template_faults(name):
        return environment.get_template(name)


class template_faults:  # noqa: N801 - a context manager reads like a function
    """Turn any exception inside a template into one error that names the template and the block."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        from jinja2 import TemplateError

        if isinstance(error, WrongInputError):
            raise WrongInputError(f"{self.where}: {error.message}", error.remedy) from error
        if isinstance(error, (TemplateError, TypeError, UnicodeDecodeError)):
            number = getattr(error, "lineno", None)
            line = f", line {number}" if number else ""
            raise WrongInputError(f"{self.where}{line}: {error}", "fix the template") from error
