"""Renders the step files of a distribution, block by block, into a `Recipe`."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.render import environment
from gpusetup.render.blocks import SHELL, Blocks
from gpusetup.render.model import Recipe, Step
from gpusetup.render.quoting import words
from gpusetup.value import to_json

if TYPE_CHECKING:
    from jinja2 import Environment

    from gpusetup.resolve.model import Stack

LIBRARY, PARTS = "library.sh", "library"
INHERITS = "inherits.json"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_FILE = re.compile(r"(?P<order>[0-9]{2})-(?P<id>[a-z][a-z0-9-]*)\.sh\.j2")


def recipe(stack: Stack, own: Path | None = None) -> Recipe:
    """Render every step that `stack` needs, in the order of the file names.

    Files in the user's `own` folder (laid out like ``recipes/``) come first: one with the name of a built-in step
    replaces it, any other is added. So it is from folder to folder in the order of `lookup`. Raises `RefusedError` when
    there are no recipes for the distribution.
    """
    folders = content_dirs("recipes", own)
    distro = stack.request.distro
    laid = [folder / kind for kind in lookup(distro, stack.request.variant, own) for folder in folders]
    files = step_files(laid)
    if not files:
        raise RefusedError(
            f"there are no recipes for {stack.distro_name} yet", f"add your own: --recipes DIR with {distro}/"
        )
    places = [*laid, *folders]
    templates = environment.steps(places)
    library = read_library(distro, own)
    proven = None if own is None else library  # built-in steps are checked by the tests
    steps = tuple(step for name in files if (step := _step(name, stack, templates, proven)) is not None)
    return Recipe(
        distro=distro, release=stack.release, stack=stack, library=library, steps=steps, digest=digest(library, steps)
    )


def step_files(folders: list[Path]) -> list[str]:
    """Return the names of the step files in `folders` in the order they run; of two with one id the first wins."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.sh.j2")) if folder.is_dir() else []:
            match = _FILE.fullmatch(path.name)
            if match is None:
                raise WrongInputError(f"{path} is not a valid name for a step", "use a name like 30-driver.sh.j2")
            found.setdefault(match["id"], path.name)
    return sorted(found.values())


def _step(name: str, stack: Stack, templates: Environment, library: str | None) -> Step | None:
    """Render one file, or return None when its `when` block says that this stack does not need it.

    With a `library`, the step is looked through as a whole, with the library's functions, for what evaluates a value.
    """
    match = _FILE.fullmatch(name)
    block = Blocks(name, templates, stack)
    # `when` first: the other blocks may use values that this stack does not have
    if match is None or not words(block("when")):
        return None
    if library is not None:
        block.prove(library)
    return Step(
        id=match["id"],
        **{part: words(block(part)) for part in ("title", "why", "manual")},
        **{part: block.shell(part) for part in SHELL},
        root=bool(words(block("root"))),
        reboot_after=bool(words(block("reboot_after"))),
    )


def lookup(distro: str, variant: str = "", own: Path | None = None) -> tuple[str, ...]:
    """Return the folders that have the steps and shell functions of `distro`, the nearest first.

    A variant's folder (``fedora-ostree``) comes before the distribution's, and behind that those which its
    ``inherits.json`` names. Raises `WrongInputError` for one that is no list of names.
    """
    first = (f"{distro}-{variant}", distro) if variant else (distro,)
    places = [folder / distro / INHERITS for folder in content_dirs("recipes", own)]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return first
    try:
        behind = json.loads(path.read_bytes())
    except ValueError as error:
        raise WrongInputError(f"{path} is no JSON: {error}", 'write a list of folders: ["common"]') from error
    if not isinstance(behind, list) or not all(isinstance(one, str) and _NAME.fullmatch(one) for one in behind):
        raise WrongInputError(f"{path} is no list of names of folders", 'write a list of folders: ["common"]')
    return (*first, *behind)


def read_library(distro: str, own: Path | None = None) -> str:
    """Return the shell functions that every step may call, in the order in which a shell reads them.

    First those for all distributions, then the parts of the folders of `lookup` in the order of their names; of two
    with one name the nearest counts. The last are those of the distribution's own ``library.sh``.
    """
    folders = content_dirs("recipes", own)
    parts: dict[str, Path] = {}
    for kind in lookup(distro, own=own):
        for folder in folders:
            for path in sorted((folder / kind / PARTS).glob("*.sh")):
                parts.setdefault(path.name, path)
    whole = ([folder / LIBRARY for folder in folders], [folder / distro / LIBRARY for folder in folders])
    first, last = (next((path for path in paths if path.is_file()), None) for paths in whole)
    chosen = (first, *(parts[name] for name in sorted(parts)), last)
    return "\n".join(text for path in chosen if path is not None and (text := path.read_text()))


def digest(library: str, steps: tuple[Step, ...]) -> str:
    """Return the SHA-256 over `library` and `steps`, by which a journal knows the recipe."""
    # joined by NUL, which shell text cannot contain, so that no text can move from one part to the next
    return hashlib.sha256("\0".join((library, *map(to_json, steps))).encode()).hexdigest()
