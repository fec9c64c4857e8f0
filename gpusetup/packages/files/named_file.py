"""The tables ``[environments.NAME]`` of a plan's file, or ``[tool.gpusetup.environments.NAME]`` of a pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.packages.files.lines import MOST, Lines, read_lines, take
from gpusetup.resolve.model import Channel, NamedEnvironment, Packages
from gpusetup.resolve.pins import FRAMEWORKS, require_known
from gpusetup.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = r"[a-z0-9][a-z0-9-]{0,31}"
"""It becomes a folder, and a part of names of profiles."""


class _Table(msgspec.Struct, forbid_unknown_fields=True, rename={"packages": "with"}):
    frameworks: tuple[str, ...] = ()
    torch: str = ""
    tensorflow: str = ""
    jax: str = ""
    python: str = ""
    packages: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    pre: bool = False
    preview: Channel = ""


def read_environments(path: Path, left: list[tuple[str, str]]) -> Iterator[NamedEnvironment]:
    """Yield the environments in a file, whose own paths begin where it lies; lines that are left out go to `left`.

    Raises `WrongInputError`, naming the file, where it cannot be read or has no such table.
    """
    for name, table in _tables(path).items():
        try:
            one = msgspec.convert(table, _Table)
        except msgspec.ValidationError as error:
            raise WrongInputError(f"{path}, environment {neutral(name)}: {error}") from error
        for framework in one.frameworks:
            require_known("framework", framework, FRAMEWORKS)
        files = ([path.parent / each for each in paths] for paths in (one.requirements, one.constraints))
        found = read_lines(*map(tuple, files))
        for line in one.packages:
            take(line, found)
        left += found.left
        pins = {field: getattr(one, field) for field in (*FRAMEWORKS, "python")}
        yield _environment(name, one.frameworks, found, pre=one.pre, preview=one.preview, **pins)


def of_requirements(name: str, path: Path, left: list[tuple[str, str]], *, pre: bool) -> NamedEnvironment:
    """Return the environment `name` for the packages of a requirements file; its frameworks follow from them."""
    found = read_lines((path,), ())
    left += found.left
    return _environment(name, (), found, pre=pre)


def _environment(
    name: str, frameworks: tuple[str, ...], found: Lines, *, pre: bool, preview: Channel = "", **pins: str
) -> NamedEnvironment:
    if not re.fullmatch(NAME, name):
        raise WrongInputError(f"{neutral(name)!r} cannot be the name of an environment", "use a-z, 0-9 and -")
    chosen = [one for one in FRAMEWORKS if one in frameworks or pins.get(one)]
    if not (chosen or found.wanted):
        raise WrongInputError(f"the environment {name} has neither frameworks nor packages", "name one of them")
    packages = Packages(
        wanted=tuple(dict.fromkeys(found.wanted)), constraints=tuple(dict.fromkeys(found.constraints)),
        indexes=tuple(dict.fromkeys(found.indexes)), prereleases=pre, preview=preview,
    )  # fmt: skip
    return NamedEnvironment(name=name, frameworks=tuple(chosen), packages=packages, **pins)


def _tables(path: Path) -> dict[str, Any]:
    import tomllib  # only for such a file

    try:
        document: dict[str, Any] = tomllib.loads(read(path, "the environments", MOST).decode())
        if path.name == "pyproject.toml":
            document = document.get("tool", {}).get("gpusetup", {})
        tables = document.get("environments", {})
    except (ValueError, AttributeError) as error:
        raise WrongInputError(f"{path} cannot be read: {error}") from error
    if not isinstance(tables, dict) or not tables:
        where = "[tool.gpusetup.environments.NAME]" if path.name == "pyproject.toml" else "[environments.NAME]"
        raise WrongInputError(f"{path} has no table {where}", "docs/packages.md shows one")
    return tables
