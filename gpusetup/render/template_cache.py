"""The built-in templates compiled to Python once: parsing them takes longer than rendering them.

Building the wheel writes one module with all of them, which is compiled to bytecode like any other when the wheel is
installed. Each template in it carries a checksum of its source and is used only while that agrees with the file at
hand, so that an edited recipe, or one of the user's own, is never shadowed by an old compilation; such a file is
compiled when it is asked for, which is slower and right.
"""

from __future__ import annotations

import importlib
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import BaseLoader, FileSystemLoader

from gpusetup.content_dirs import content_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from jinja2 import Environment, Template

NAME = "gpusetup.render.compiled_templates"
HERE = Path(__file__).resolve().parent
KINDS = ("recipes", "containers")


class Loader(BaseLoader):
    """Finds a template in `folders`, in order, and uses its compiled form if that is from the same text."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.source = FileSystemLoader(folders)
        self.ready = _ready()

    def load(
        self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None  # noqa: A002 - Jinja's
    ) -> Template:  # fmt: skip
        """Return the template `name`; raises `jinja2.TemplateNotFound` when no folder has it."""
        data = next((path.read_bytes() for folder in self.folders if (path := folder / name).is_file()), None)
        # by content, not by name: a user's template that replaces a built-in one is never hidden by its compiled form
        namespace = self.ready.get(checksum(data)) if data is not None else None
        if namespace is None:
            return self.source.load(environment, name, globals)
        return environment.template_class.from_module_dict(environment, namespace(environment), globals or {})


def write(folder: Path = HERE) -> Path:
    """Compile every built-in template into one module in `folder` and return its path."""
    from gpusetup.render.environment import scripts  # it is this module's user

    path = folder / f"{NAME.rpartition('.')[2]}.py"
    parts = [_header(), *(_function(scripts([]), source, number) for number, source in enumerate(_sources()))]
    path.write_text("\n".join((*parts, "")))
    return path


def checksum(data: bytes) -> str:
    """Return a checksum of a template's source; it only detects a forgotten rebuild."""
    return f"{zlib.crc32(data):08x}-{len(data)}"


def _ready() -> dict[str, Callable[[Environment], dict[str, Any]]]:
    """Return the compiled templates by the checksum of their source; none when there are none for this Jinja."""
    try:
        module = importlib.import_module(NAME)
    except ModuleNotFoundError:
        return {}
    found: dict[str, Callable[[Environment], dict[str, Any]]] = module.TEMPLATES
    return found if jinja2.__version__ == module.JINJA else {}


def _sources() -> Iterator[Path]:
    for kind in KINDS:
        yield from sorted((content_root() / kind).rglob("*.j2"))


def _header() -> str:
    return f'"""Written by gpusetup.render.template_cache."""\n\nJINJA = {jinja2.__version__!r}\nTEMPLATES = {{}}\n'


def _function(environment: Environment, source: Path, number: int) -> str:
    """Return a template as a function that gives the names Jinja's own compiled modules have.

    A function of its own, since all templates call their parts alike. Jinja writes each literal on one line, so that
    indenting its text changes nothing in it.
    """
    text = source.read_text()
    body = environment.compile(text, source.name, raw=True)
    lines = [f"    {line}" if line else "" for line in body.splitlines()]
    tail = f"    return locals()\n\n\nTEMPLATES[{checksum(text.encode())!r}] = template_{number}\n"
    return "\n".join((f"\ndef template_{number}(environment):", "    __file__ = __name__", *lines, tail))
