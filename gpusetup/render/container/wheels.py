"""A list of wheels with their hashes, in pip's format: the exact content of an image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.distributions import normal
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.files import read
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.resolve.model import Environment

MOST = 4 << 20
_WHEEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([A-Za-z0-9.+!_-]+)(?: --hash=sha256:[0-9a-f]{64})+")


def read_wheels(path: Path, environment: Environment) -> tuple[str, ...]:
    """Return the lines of the list at `path`, which must be of `environment`: with the versions that it has.

    Such a list is the ``wheels.txt`` of an image that was built, or what pip-compile and uv write with hashes. Raises
    `WrongInputError` when it cannot be read or a wheel has no hash, `RefusedError` when it is of another stack.
    """
    try:
        text = read(path, "the wheels", MOST).decode()
    except UnicodeDecodeError as error:
        raise WrongInputError(f"cannot read {path}: {error}") from error
    said = (" ".join(raw.partition(" #")[0].split()) for raw in text.replace("\\\n", " ").splitlines())
    lines = tuple(line for line in said if line and line[0] != "#")
    found = {}
    for line in lines:
        match = _WHEEL.fullmatch(line)
        if match is None:
            raise WrongInputError(
                f"{path}: {neutral(line)[:80]!r} is not a wheel with a hash", "write name==version --hash=sha256:…"
            )
        found[normal(match[1])] = match[2]
    for requirement in environment.requirements:
        name, _, version = requirement.text.partition("==")
        have = found.get(normal(name), "none")
        if have.partition("+")[0] != version.partition("+")[0]:
            raise RefusedError(
                f"{path} has {neutral(have)} of {neutral(name)}, and the stack {version}",
                f"pin the stack to the list: --{name.partition('[')[0].removesuffix('-cpu')} {neutral(have)}",
            )
    return lines
