"""The rows of ``switches.toml``."""

import datetime
import functools
import tomllib
from pathlib import Path
from typing import Literal

import msgspec


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An environment variable; the comment in ``switches.toml`` says what each field is."""

    name: str
    library: str
    when: Literal["start", "import", "first use"]
    instead: str
    source: str
    read: datetime.date
    values: tuple[str, ...] = ()
    pairs: bool = False
    """Whether the value is pairs of numbers, ``:SIZE:COUNT``."""
    whole: bool = False
    """Whether it is a positive whole number, or several with commas."""
    limited: str = ""
    effect: str = ""

    def accepts(self, value: str) -> bool:
        """Return whether the library understands `value`."""
        if self.values:
            return value in self.values
        if self.pairs:
            parts = value.split(":")
            return not parts[0] and len(parts) % 2 == 1 and all(part.isdecimal() for part in parts[1:])
        return not self.whole or all(part.isdecimal() and int(part) for part in value.split(","))


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting of a framework that does less than its name says; the function `id` of ``effects.py`` finds it."""

    id: str
    name: str
    why: str
    instead: str
    source: str
    read: datetime.date


class Other(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names that are known and not judged."""

    names: tuple[str, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    variable: tuple[Variable, ...]
    other: Other
    setting: tuple[Setting, ...]


@functools.cache
def table() -> Table:
    """Return the table."""
    return msgspec.convert(tomllib.loads(Path(__file__).with_name("switches.toml").read_text("utf-8")), Table)
