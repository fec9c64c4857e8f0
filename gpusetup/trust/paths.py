"""Whether a user may trust a path: whether another user could have created or could change what is there.

The rule is that of sudo, ssh and OpenSSH's ``StrictModes``: the file, and every folder and link on the way to it,
belongs to root or to that user, and no other user may write to it. In a sticky folder (``/tmp``) others cannot replace
files of others, so it may be part of the path.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = 0
LINKS = 40  # as the kernel allows (path_resolution(7))
MOST = 400_000
"""Files that a tree may have; an environment with three frameworks has about 100,000."""
_MODULES = (".py", ".pyc", ".so")
_LOCK = ".lock"
"""uv's lock of an environment, mode 0666 so that every user can take it (uv: LockedFile); nothing loads it."""
_ACL = "system.posix_acl_access"


class Trust:
    """What `owners` may trust; results are cached, so that a tree costs one check per file.

    With `lenient` only world-writable paths are refused, as in Ansible: an ordinary user is responsible for the paths
    that they name, and folders shared by a group are common.
    """

    def __init__(self, *owners: int, lenient: bool = False) -> None:
        self._owners = {ROOT, *owners}
        self._lenient = lenient
        self._seen: dict[str, str] = {}

    def path(self, path: str) -> str:
        """Return why `path` is not trusted, "" if it is; a relative path starts at the working directory."""
        try:
            whole = path if path.startswith("/") else os.path.join(os.getcwd(), path)
            for here, entry, last in _way(whole):
                if reason := self._reason(here, entry, last=last):
                    return reason
        except OSError as error:
            return f"{error.filename or path} cannot be checked: {error.strerror}"
        return ""

    def tree(self, root: str, only: tuple[str, ...] = ()) -> str:
        """Return why `root` or something below it is not trusted, "" if all is. Links are followed.

        With `only`, of the files those count whose names end in one of these.
        """
        waiting, count = [root], 0
        done: set[str] = set()
        while waiting:
            folder = waiting.pop()
            if reason := self.path(folder):
                return reason
            folder = os.path.realpath(folder)
            if folder in done or not os.path.isdir(folder):
                continue
            done.add(folder)
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        count += 1
                        if reason := self._entry(entry, waiting, only):
                            return reason
            except OSError as error:
                return f"{folder} cannot be checked: {error.strerror}"
            if count > MOST:
                return f"{root} has more than {MOST} files"
        return ""

    def _entry(self, entry: os.DirEntry[str], waiting: list[str], only: tuple[str, ...]) -> str:
        """Check one entry of a trusted folder; a folder to check next is added to `waiting`."""
        found = entry.stat(follow_symlinks=False)
        if only and not entry.name.endswith(only) and not entry.is_dir():
            return ""
        if entry.name == _LOCK and stat.S_ISREG(found.st_mode):
            return ""
        if stat.S_ISLNK(found.st_mode) and not os.path.exists(entry.path):
            return ""  # a dangling link: nothing can be read through it
        if stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode):
            waiting.append(entry.path)
            return ""
        return self._judge(entry.path, found, last=True)

    def _reason(self, here: str, entry: os.stat_result, *, last: bool) -> str:
        key = f"{here}\0{last}"
        if key not in self._seen:
            self._seen[key] = self._judge(here, entry, last=last)
        return self._seen[key]

    def _judge(self, here: str, entry: os.stat_result, *, last: bool) -> str:
        if not self._lenient and entry.st_uid not in self._owners:
            from gpusetup.trust.accounts import user_name  # only for paths with a problem

            return f"{here} belongs to {user_name(entry.st_uid)}"
        if stat.S_ISLNK(entry.st_mode) or (stat.S_ISDIR(entry.st_mode) and entry.st_mode & stat.S_ISVTX and not last):
            return ""
        if entry.st_mode & stat.S_IWOTH:
            return f"{here} is world-writable (mode {stat.S_IMODE(entry.st_mode):04o})"
        if entry.st_mode & stat.S_IWGRP and not self._lenient:
            if _has_access_list(here):
                return f"{here} has an ACL that lets other users write (see getfacl)"
            from gpusetup.trust.accounts import group_name, is_empty, private_group  # as above

            if not any(private_group(uid, entry.st_gid) for uid in self._owners) and not is_empty(entry.st_gid):
                mode = stat.S_IMODE(entry.st_mode)
                return f"{here} is writable by group {group_name(entry.st_gid)} (mode {mode:04o})"
        return ""


def _way(path: str) -> Iterator[tuple[str, os.stat_result, bool]]:
    """Yield every folder and link on the way to `path`, and its end: (path, stat, whether it is the end).

    Links are followed one by one, since whoever can change one chooses what is read. Raises `OSError`.
    """
    here, rest, links = "/", [part for part in path.split("/") if part], 0
    yield here, os.lstat(here), not rest
    while rest:
        name = rest.pop(0)
        if name in {".", ".."}:
            here = os.path.dirname(here) if name == ".." else here
            yield here, os.lstat(here), not rest
            continue
        below = os.path.join(here, name)
        entry = os.lstat(below)
        if not stat.S_ISLNK(entry.st_mode):
            here = below
            yield here, entry, not rest
            continue
        yield below, entry, False
        links += 1
        if links > LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(below)
        if target.startswith("/"):
            here = "/"
        rest = [part for part in target.split("/") if part] + rest
        if not rest:  # the link is to / itself
            yield here, os.lstat(here), True


def _has_access_list(here: str) -> bool:
    """Return whether there is an ACL. Where it lets someone write, the mode's group bits (its mask) show that too."""
    try:
        return bool(os.getxattr(here, _ACL))
    except OSError:
        return False


def mine() -> Trust:
    """Return the policy of this process: strict for root, lenient for other users."""
    uid = os.geteuid()
    return Trust(uid, lenient=uid != ROOT)


def require_tree(folder: str, what: str) -> None:
    """Raise `RefusedError` unless this user may trust everything in `folder`; `what` names its content (plural)."""
    _require(mine().tree(folder), f"the {what} in {folder}")


def require_modules(file: str) -> None:
    """Raise `RefusedError` unless this user may trust the Python file and all modules beside it, which it can import.

    Other files there, such as data, may be anybody's. A link counts by what it leads to.
    """
    policy = mine()
    _require(policy.path(file) or policy.tree(os.path.dirname(file), _MODULES), f"{file} and the modules beside it")


def _require(reason: str, what: str) -> None:
    if reason:
        from gpusetup.errors import RefusedError  # the start of every command comes through here

        who = "root" if os.geteuid() == ROOT else "you"
        raise RefusedError(
            f"{what} are not used: {reason}, so other users can change what {who} would run",
            "remove that permission, or use a copy (cp -r) that only the user who runs gpusetup can write",
        )
