"""The frozen values that move through the house, as JSON with a published schema.

Every stage's result is a `Value`: immutable, comparable, and readable back from its own JSON, so that each stage can
be saved, replayed and tested alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.text import COMMAND, escaped

if TYPE_CHECKING:
    from pathlib import Path

V = TypeVar("V", bound="Value")


class _ValueMeta(msgspec.StructMeta):
    """Make every value frozen, keyword-only and strict, without each class having to say so."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        strict = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
        return super().__new__(mcls, name, bases, namespace, **(config | strict))


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(msgspec.Struct, metaclass=_ValueMeta, frozen=True):
    """Base of every value; equality is by content, unknown fields in JSON are an error."""


def to_json(value: object, *, indent: int = 2) -> str:
    """Return `value` as JSON text in field order, with a newline at its end; on one line with a negative `indent`.

    Characters that do not print (C1 controls, bidirectional overrides) stand there as escapes, and so does what a CI
    runner would obey: shown on a terminal or in a log it does nothing, and a reader of JSON gets it as it was.
    """
    text = msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=indent).decode() + "\n"
    text = text.replace(COMMAND, f"{escaped('#')}{COMMAND[1:]}")
    if text.isascii() and "\x7f" not in text:
        return text
    return "\n".join(line if line.isprintable() else _printable(line) for line in text.split("\n"))


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else escaped(char) for char in line)


def load(path: Path, kind: type[V]) -> V:
    """Read a saved `kind` from the JSON file `path` (``-`` is standard input).

    Raises `WrongInputError`, naming the file and the place inside it, when it cannot be read or is not a `kind`.
    """
    return decoded(read(path, f"the {kind.__name__.lower()} file"), kind, path)


def decoded(raw: bytes, kind: type[V], path: Path) -> V:
    """Return the `kind` in `raw`, which was read from `path`; raises `WrongInputError` as `load` does."""
    name = kind.__name__.lower()
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInputError(f"{path} is not a saved {name}: {error}", "save it again with gpusetup") from error


def schema(kind: type[Value]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `kind`."""
    return msgspec.json.schema(kind)
