"""Several named environments: what the options ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpusetup.cli._streams import notify
from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from gpusetup.resolve.model import NamedEnvironment, Request

OF_EACH = {"frameworks": "framework", "torch": "torch", "tensorflow": "tensorflow", "jax": "jax", "python": "python"}
"""Options that each environment has of its own."""


def named_environments(
    words: tuple[str, ...], files: tuple[Path, ...], wanted: dict[str, Any], *, own: bool, pre: bool
) -> tuple[NamedEnvironment, ...]:
    """Return the environments of ``--environments FILE`` and ``--environment NAME[=FILE]``.

    A bare NAME picks one of those in the files. `own` says whether packages are asked for outside of them.
    """
    if not (words or files):
        return ()
    from gpusetup.packages.files.named_file import of_requirements, read_environments
    from gpusetup.text import neutral

    left: list[tuple[str, str]] = []
    found = [one for path in files for one in read_environments(path, left)]
    picked = [word for word in words if "=" not in word]
    if picked:
        found = [_picked(name, found) for name in picked]
    for name, _, path in (word.partition("=") for word in words if "=" in word):
        found.append(of_requirements(name, Path(path), left, pre=pre))
    for line, why in left:
        notify(f"note: {neutral(line)} {why}: it is left out")
    _check(found, wanted, own=own)
    return tuple(found)


def _picked(name: str, found: list[NamedEnvironment]) -> NamedEnvironment:
    for one in found:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in found) or "none: give their file with --environments"
    raise WrongInputError(f"no environment {name}", f"known: {known}")


def _check(found: list[NamedEnvironment], wanted: dict[str, Any], *, own: bool) -> None:
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise WrongInputError(f"two environments have one name: {', '.join(sorted(names))}", "rename one of them")
    given = [option for field, option in OF_EACH.items() if wanted.get(field)]
    if given or own:
        what = f"--{given[0]}" if given else "a package"
        raise WrongInputError(
            f"{what} is given beside named environments", "put it into the environment that it is for"
        )


def one_environment(request: Request) -> Request:
    """Return the request for the one named environment of `request`, itself where none is named."""
    if len(request.environments) > 1:
        names = ", ".join(one.name for one in request.environments)
        raise WrongInputError(f"an image has one environment, and these are {names}", "pick one with --environment")
    if not request.environments:
        return request
    from gpusetup.resolve.asked.named import alone

    return alone(request, request.environments[0])
