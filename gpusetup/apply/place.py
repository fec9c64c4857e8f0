"""Where a host keeps what is known of earlier runs, and the lock that lets only one run work at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusetup.apply.journal import Journal
from gpusetup.errors import MissingError, RefusedError
from gpusetup.files import write
from gpusetup.render.model import Recipe
from gpusetup.value import load, to_json


class Place:
    """``/var/lib/gpusetup`` below `root`: journal, lock, and the recipes that were begun."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "var/lib/gpusetup"
        self.journal = Journal(self.folder / "journal.jsonl")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, which the rendered script takes too. Raises `RefusedError` when it is held."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        except PermissionError as error:
            raise RefusedError(
                f"{self.folder} cannot be written", "this changes the system: run it with sudo"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise RefusedError("another run is at work", f"wait for it (it holds {self.folder}/lock)") from error
        finally:
            os.close(lock)

    def keep(self, recipe: Recipe) -> None:
        """Save `recipe`, so that each of its steps can be undone by its own text later."""
        write(self._path(recipe.digest), to_json(recipe))

    def recipe(self, digest: str) -> Recipe:
        """Return the recipe that was begun here under `digest`."""
        path = self._path(digest)
        if not path.exists():
            raise MissingError(f"the recipe {digest[:12]} was not run by --apply here", "run its script with --undo")
        return load(path, Recipe)

    def mends(self, digest: str) -> bool:
        """Say whether the recipe `digest` was begun here to mend something, and not to install a stack."""
        return self._path(digest).exists() and self.recipe(digest).stack is None

    def waiting(self, *, mends: bool = False) -> Recipe | None:
        """Return the recipe whose last word was that it waits for a reboot, to go on with the very same one.

        A new plan would be another: it would see the driver that this recipe has put there, as one that has to stay.
        """
        last = self.journal.entries()[-1:]
        if not last or last[0].event != "waiting" or not self._path(last[0].recipe).exists():
            return None
        return self.recipe(last[0].recipe) if self.mends(last[0].recipe) == mends else None

    def _path(self, digest: str) -> Path:
        return self.folder / "recipes" / f"{digest}.json"
