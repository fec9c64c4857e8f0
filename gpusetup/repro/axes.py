"""The axes: what a result may depend on beside the program and its data; one file of ``axes/`` each."""

from __future__ import annotations

import functools
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.text import nearest

FOLDER = Path(__file__).parent / "axes"


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one value of an axis is set: variables (an empty one is removed), and a command to run the program with.

    `interrupted`: the program is killed half way, and run again in the folder as it left it.
    """

    environment: dict[str, str] = {}
    prefix: tuple[str, ...] = ()
    interrupted: bool = False


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a result may depend on.

    ``chance`` differs between two runs on one host, ``host`` between hosts alone, an ``event`` happens to a run.
    `fixed` holds it, each of `varied` changes it. `modules` are those that it is about: without one of them imported it
    has no effect (none: any program). `threads`: it has none in a program that starts no thread.
    """

    title: str
    kind: Literal["chance", "host", "event"]
    cause: str
    """Continues "the result depends on …"."""
    remedy: tuple[str, ...]
    source: str
    fixed: Setting = Setting()
    varied: tuple[Setting, ...] = ()
    modules: tuple[str, ...] = ()
    threads: bool = False
    name: str = ""


@functools.cache
def axes() -> dict[str, Axis]:
    """Return every axis by its name, in the order of their files."""
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("*.toml"))}


def _load(path: Path) -> Axis:
    axis = msgspec.convert(tomllib.loads(path.read_text()), Axis)
    processor = str(min(os.sched_getaffinity(0)))
    placed = tuple(
        msgspec.structs.replace(one, prefix=tuple(word.replace("{cpu}", processor) for word in one.prefix))
        for one in axis.varied
    )
    return msgspec.structs.replace(axis, name=path.stem, varied=placed)


def chosen(names: str) -> list[Axis]:
    """Return the axes of a list with commas, all of them for ``all``; raises `WrongInputError` for an unknown one."""
    if names == "all":
        return list(axes().values())
    found = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in axes():
            guess = nearest(name, list(axes()))
            hint = f"did you mean {guess}?" if guess else f"known: all, {', '.join(axes())}"
            raise WrongInputError(f"--vary {name} is no axis", hint)
        found.append(axes()[name])
    return found


@functools.cache
def usable(prefix: tuple[str, ...]) -> str:
    """Return why programs cannot be run with the command `prefix`, "" if they can (a container may forbid it)."""
    if not prefix:
        return ""
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{prefix[0]}: {error.strerror}"
    return "" if tried.returncode == 0 else (tried.stderr.strip() or f"{prefix[0]} failed")[-200:]


def of_chance() -> list[Axis]:
    """Return the axes that differ between two runs on one host."""
    return [axis for axis in axes().values() if axis.kind == "chance"]
