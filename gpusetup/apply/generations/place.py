"""Where the generations of one environment lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gpusetup.errors import RefusedError
from gpusetup.value import Value

ORIGINAL = "original"
"""The name of what was in the place before its first upgrade: a folder, not a link."""


class Target(Value):
    """What a generation is to hold: a Python and every wheel with its hashes."""

    name: str
    python: str
    """Minor version, ``3.13``."""
    wheels: tuple[str, ...]
    """Lines for pip with the SHA-256 of each wheel."""
    indexes: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the name of its generation, which follows from its content: the same target is built once."""
        text = "\n".join((self.python, *sorted(self.wheels)))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Place(Value):
    """The folder that people use, such as ``~/gpusetup/torch``, and the store of its generations beside it."""

    path: str

    @property
    def folder(self) -> Path:
        """Return what people use: a folder, or a link to a generation."""
        return Path(self.path)

    @property
    def store(self) -> Path:
        """Return the folder of the generations; it is on the same file system, so that a rename is enough."""
        return self.folder.parent / ".generations" / self.folder.name

    def generation(self, name: str) -> Path:
        """Return the folder of one generation."""
        return self.store / name

    def link(self, name: str) -> str:
        """Return the text of the link to a generation: relative, so that the whole can be moved or mounted."""
        return f".generations/{self.folder.name}/{name}"

    def current(self) -> str:
        """Return the generation that the folder leads to: `ORIGINAL` for a real folder, "" where there is none."""
        if not self.folder.is_symlink():
            return ORIGINAL if self.folder.exists() else ""
        name = self.folder.readlink().name
        if str(self.folder.readlink()) != self.link(name):
            raise RefusedError(f"{self.folder} is a link gpusetup did not make", "name the folder that it leads to")
        return name


def place_of(path: Path) -> Place:
    """Return the place of the environment at `path`; a link of the user's own to another disk is followed."""
    found = Place(path=str(path.absolute()))
    ours = found.folder.is_symlink() and str(found.folder.readlink()) == found.link(found.folder.readlink().name)
    return found if ours or not found.folder.is_symlink() else Place(path=str(found.folder.resolve()))
