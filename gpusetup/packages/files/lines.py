"""The lines of ``requirements.txt`` and ``constraints.txt``, and the dependencies of a ``pyproject.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 1 << 20
"""Bytes of a file; the longest public one that was seen, with hashes, has 700,000."""
DEEPEST = 8
"""Files that include each other; pip has no limit, and a loop would not end."""
INDEXES = ("--extra-index-url", "--index-url", "-i")
INCLUDES = {"-r": "wanted", "--requirement": "wanted", "-c": "constraints", "--constraint": "constraints"}
IGNORED = (
    "--hash",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--trusted-host",
    "--require-hashes",
    "--use-feature",
    "--config-settings",
)
"""Options that change nothing here: only wheels are taken, and each hash is the index's own."""
UNUSED = ("--find-links", "-f", "--no-index", "--pre")  # fmt: skip


class Lines(msgspec.Struct):
    """What the files ask for."""

    wanted: list[str] = []
    constraints: list[str] = []
    indexes: list[str] = []
    left: list[tuple[str, str]] = []
    """Lines that cannot be resolved from wheels, each with the reason."""


def read_lines(requirements: tuple[Path, ...], constraints: tuple[Path, ...]) -> Lines:
    """Return the lines of the files; raises `WrongInputError`, naming file and line, for one that is no requirement."""
    found = Lines()
    for path in requirements:
        _read(path, "wanted", found, 0)
    for path in constraints:
        _read(path, "constraints", found, 0)
    return found


def _read(path: Path, into: str, found: Lines, depth: int) -> None:
    if depth > DEEPEST:
        raise WrongInputError(f"{path} is included by itself", "remove one of the -r or -c lines")
    try:
        text = read(path, "the requirements", MOST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongInputError(f"cannot read {path}: {error}", "save it as UTF-8") from error
    if path.suffix == ".toml":
        _project(path, text, into, found)
        return
    for number, line in _logical(text):
        _line(path, number, line, into, found, depth)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line without its comment, with the number of its first line."""
    whole, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first or number
        # as pip: a comment begins at a # at the start of a line or after white space
        part = "" if raw.lstrip().startswith("#") else raw.partition(" #")[0].partition("\t#")[0].rstrip()
        if part.endswith("\\"):
            whole += part[:-1] + " "
            continue
        if line := (whole + part).strip():
            yield first, line
        whole, first = "", 0
    if whole.strip():
        yield first, whole.strip()


def _line(path: Path, number: int, line: str, into: str, found: Lines, depth: int) -> None:
    option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("-") else ("", "", "")
    value = value.strip()
    if option in INCLUDES:
        _read(path.parent / value, INCLUDES[option], found, depth + 1)
    elif option in INDEXES:
        found.indexes.append(value)
    elif option in ("-e", "--editable"):
        found.left.append((value, "is built from source"))
    elif option in UNUSED:
        found.left.append((line, "is an option that is not used"))
    elif option and not line.startswith(IGNORED):
        raise WrongInputError(f"{path}, line {number}: {neutral(option)} is not understood", "remove the line")
    elif not option:
        _requirement(f"{path}, line {number}", line.partition(" --hash")[0].strip(), into, found)


def _project(path: Path, text: str, into: str, found: Lines) -> None:
    """Take the dependencies of a ``pyproject.toml`` (PEP 621)."""
    import tomllib  # only for such a file

    try:
        table: Any = tomllib.loads(text).get("project", {})
        dependencies = msgspec.convert(table.get("dependencies", []), list[str])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, AttributeError) as error:
        raise WrongInputError(f"{path} has no readable [project]: {error}") from error
    if "dependencies" in (table.get("dynamic") or []):
        raise WrongInputError(f"{path}: its dependencies are dynamic", "give the file that has them with -r")
    for line in dependencies:
        _requirement(str(path), line, into, found)


def take(line: str, found: Lines) -> None:
    """Add one requirement of the command line."""
    _requirement("--with", line, "wanted", found)


def _requirement(where: str, line: str, into: str, found: Lines) -> None:
    """Add a PEP 508 line; what is a path, a URL or a repository is left, since it would have to be built."""
    from packaging.requirements import InvalidRequirement, Requirement  # only where there are own packages

    if line.startswith((".", "/", "~", "git+", "http://", "https://", "file:")):
        found.left.append((line, "is built from source"))
        return
    try:
        one = Requirement(line)
    except InvalidRequirement as error:
        what = str(error).splitlines()[0]
        raise WrongInputError(f"{where}: {neutral(line)[:80]!r} is no requirement: {what}") from error
    if one.url:
        found.left.append((line, "is built from source"))
    else:
        getattr(found, into).append(line)
