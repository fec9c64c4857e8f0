"""The state directory of a host: the journal, saved recipes, and the lock that allows one run at a time."""

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
    """``/var/lib/gpusetup`` below `root`: journal, lock, and the recipes that were started."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.folder = self.root / "var/lib/gpusetup"
        self.journal = Journal(self.folder / "journal.jsonl")
        self.lock_file = self.folder / "lock"
        self.lock: int | None = None
        """The descriptor of the lock, while it is held."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, which the rendered script uses as well.

        Raises `RefusedError` when another run holds it, or was killed and left a step running.
        """
        try:
            make_folder(self.folder)
        except PermissionError as error:
            raise RefusedError(f"cannot write {self.folder}", "this changes the system: use sudo") from error
        # the file is never removed: another run could hold a lock on the removed one
        lock = open_ours(self.lock_file, os.O_WRONLY)
        try:
            held, living = _held(lock), self._living()
            if held or living:
                raise RefusedError(
                    living or "another run is in progress", f"wait until it ends (it holds {self.lock_file})"
                )
            self.lock = lock
            try:
                yield
            finally:
                self.lock = None
        finally:
            os.close(lock)

    def _living(self) -> str:
        """Return which step another run has left running, in words, or ""."""
        words = (read_ours(self.lock_file) or b"").decode(errors="replace").split()
        if len(words) != 3 or not words[0].isdecimal() or _started(words[0]) != words[1]:
            return ""
        return f"the step {words[2]!a} of another run is still running (process {words[0]})"

    def keep(self, recipe: Recipe) -> None:
        """Save `recipe`, so that each of its steps can be undone later by its own text."""
        path = self._path(recipe.digest)
        make_folder(path.parent)
        write(path, to_json(recipe), mode=FILE)

    def recipe(self, digest: str) -> Recipe:
        """Return the recipe that was started here under `digest`; raises `RefusedError` if it was changed."""
        found = self._load(digest)
        if found is None:
            raise MissingError(
                f"the recipe {digest[:12]} was not applied by gpusetup here", "run its script with --undo"
            )
        return found

    def is_repair(self, digest: str) -> bool:
        """Return whether the recipe `digest` was started here as a repair, not to install a stack."""
        found = self._load(digest)
        return found is not None and found.stack is None

    def waiting(self, *, repair: bool = False) -> Recipe | None:
        """Return the recipe that waits for a reboot, to continue with exactly that one.

        A new plan would differ: it would see the driver that this recipe has installed, and keep it.
        """
        last = self.journal.entries()[-1:]
        found = self._load(last[0].recipe) if last and last[0].event == "waiting" else None
        return found if found is not None and (found.stack is None) == repair else None

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
            raise RefusedError(f"{digest!a} is not the digest of a recipe", "plan again")
        return self.folder / "recipes" / f"{digest}.json"


def _changed(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} is not the recipe that was applied here: it was changed or is incomplete",
        "do not run it; find out who changed it, and undo its steps by hand",
    )


def _held(lock: int) -> bool:
    try:
        # flock and not fcntl locks: util-linux's flock, which the rendered script uses, takes this kind
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _started(pid: str) -> str:
    """Return the start time of the process, in ticks since boot; "" when it does not exist or has ended.

    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime).
    """
    try:
        state, *words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else words[18]  # a zombie has ended; words[18] is field 22, counted after the state
