"""Where a host keeps what is known of earlier runs, and the lock that lets only one run work at a time."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gpusetup.apply.journal import DIGEST, Journal
from gpusetup.apply.owned_files import FILE, make_folder, open_ours, read_ours
from gpusetup.errors import MissingError, RefusedError
from gpusetup.files import write
from gpusetup.render.model import Recipe
from gpusetup.render.steps import digest as digest_of
from gpusetup.value import to_json


class StateDir:
    """``/var/lib/gpusetup`` below `root`: journal, lock, and the recipes that were begun."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.folder = self.root / "var/lib/gpusetup"
        self.journal = Journal(self.folder / "journal.jsonl")
        self.lock_file = self.folder / "lock"
        self.lock: int | None = None
        """The descriptor that is locked, while it is."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, which the rendered script takes too.

        Raises `RefusedError` when another run holds it, or was killed and left a step at work.
        """
        try:
            make_folder(self.folder)
        except PermissionError as error:
            raise RefusedError(
                f"{self.folder} cannot be written", "this changes the system: run it with sudo"
            ) from error
        lock = open_ours(self.lock_file, os.O_WRONLY)
        try:
            held, living = _held(lock), self._living()
            if held or living:
                raise RefusedError(living or "another run is at work", f"wait for its end (it holds {self.lock_file})")
            self.lock = lock
            try:
                yield
            finally:
                self.lock = None
        finally:
            os.close(lock)

    def _living(self) -> str:
        """Return, in words, which step another run has left at work, "" when none."""
        words = (read_ours(self.lock_file) or b"").decode(errors="replace").split()
        if len(words) != 3 or not words[0].isdecimal() or _started(words[0]) != words[1]:
            return ""
        return f"the step {words[2]!a} of another run is still at work (process {words[0]})"

    def keep(self, recipe: Recipe) -> None:
        """Save `recipe`, so that each of its steps can be undone by its own text later."""
        path = self._path(recipe.digest)
        make_folder(path.parent)
        write(path, to_json(recipe), mode=FILE)

    def recipe(self, digest: str) -> Recipe:
        """Return the recipe that was begun here under `digest`; raises `RefusedError` if it is another one now."""
        found = self._load(digest)
        if found is None:
            raise MissingError(f"the recipe {digest[:12]} was not run by --apply here", "run its script with --undo")
        return found

    def mends(self, digest: str) -> bool:
        """Say whether the recipe `digest` was begun here to mend something, and not to install a stack."""
        found = self._load(digest)
        return found is not None and found.stack is None

    def waiting(self, *, mends: bool = False) -> Recipe | None:
        """Return the recipe whose last word was that it waits for a reboot, to go on with the very same one.

        A new plan would be another: it would see the driver that this recipe has put there, as one that has to stay.
        """
        last = self.journal.entries()[-1:]
        found = self._load(last[0].recipe) if last and last[0].event == "waiting" else None
        return found if found is not None and (found.stack is None) == mends else None

    def _load(self, digest: str) -> Recipe | None:
        path = self._path(digest)
        text = read_ours(path)
        if text is None:
            return None
        try:
            found = msgspec.json.decode(text, type=Recipe)
        except (msgspec.DecodeError, RecursionError) as error:
            raise _changed(path) from error
        if not digest == found.digest == digest_of(found.library, found.steps):
            raise _changed(path)
        return found

    def _path(self, digest: str) -> Path:
        if re.search(DIGEST, digest) is None:
            raise RefusedError(f"{digest!a} is no digest of a recipe", "plan again")
        return self.folder / "recipes" / f"{digest}.json"


def _changed(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} is not the recipe that was carried out here: its steps were changed, or it is not whole",
        "do not run it; see who changed it, and take its steps back by hand",
    )


def _held(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _started(pid: str) -> str:
    """Return when the process was started, in ticks since the boot; "" when it is not there, or has ended.

    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime).
    """
    try:
        state, *words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else words[18]
