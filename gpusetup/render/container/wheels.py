"""A list of wheels with their hashes, in pip's format: the exact content of an image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.distributions import normal, required
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
        have = found.get(required(name), "none")
        # what no version is asked of was resolved by whoever wrote the list
        if have == "none" or (version and have.partition("+")[0] != version.partition("+")[0]):
            raise RefusedError(
                f"{path} has {neutral(have)} of {required(name)}, and the stack {version or 'needs it'}",
                f"pin the stack to the list: --{required(name).removesuffix('-cpu')} {neutral(have)}"
                if version
                else "write the list from a plan of today: gpusetup plan --format requirements",
            )
    return lines
