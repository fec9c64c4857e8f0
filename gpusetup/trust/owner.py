"""The owner of an interpreter: root starts it as the user who owns the environment, never with root's rights.

The owner of an environment can change everything in it, so whatever runs in it is that user's program. Root runs its
own environments, as long as only root can write to them. ``python -P -m gpusetup.trust.owner`` does the same for shell
scripts.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterator
from typing import NoReturn

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.text import neutral
from gpusetup.trust.accounts import user_name
from gpusetup.trust.paths import ROOT, Trust

PATH = "/usr/local/bin:/usr/bin:/bin"
KEPT = ("LANG", "LC_ALL", "TZ", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
"""Root's variables that an owner's program inherits: none that affects what is loaded, none that may be secret."""
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CONFIGURATION = "pyvenv.cfg"
MOST = 1 << 14


class Owner(msgspec.Struct, frozen=True):
    """A user to run something as; a user without an account has only the group of the folder."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    home: str


def runs_as(python: str) -> Owner | None:
    """Return the user as whom this process must run the interpreter `python`; None: the current user.

    Only root can and must become another user: the owner of the environment, which is the parent of the interpreter's
    folder. Raises `RefusedError` when a third user could change what would run, `OSError` when the interpreter does not
    exist.
    """
    if os.geteuid() != ROOT:
        return None
    os.stat(python)
    folder = environment_of(python)
    found = os.stat(folder)
    trust = Trust(found.st_uid)
    reason = trust.path(folder) or trust.path(python)
    if found.st_uid == ROOT:
        reason = reason or next(filter(None, map(trust.tree, _modules(python))), "")
    return _owner_alone(folder, found, reason)


def works_as(folder: str) -> Owner | None:
    """Return the user as whom this process must change files in the environment `folder`, like `runs_as`."""
    if os.geteuid() != ROOT:
        return None
    found = os.stat(folder)
    return _owner_alone(folder, found, Trust(found.st_uid).path(folder))


def _owner_alone(folder: str, found: os.stat_result, reason: str) -> Owner | None:
    """Return the owner of `folder`, None for root; raises `RefusedError` where there is a `reason` against it."""
    if reason:
        raise RefusedError(
            f"root runs nothing in {folder}, the environment of {user_name(found.st_uid)}: {reason}",
            "remove that permission, or run gpusetup as the owner of the environment",
        )
    return None if found.st_uid == ROOT else owner(found.st_uid, found.st_gid)


def require_own(python: str) -> None:
    """Raise `RefusedError` when `python` is another user's, for work that cannot be done with that user's rights."""
    import shutil  # only where another interpreter is named

    # the same search in PATH that subprocess would do
    found = shutil.which(python)
    if found is None:
        return  # starting it will report that
    try:
        someone = runs_as(found)
    except OSError as error:
        raise RefusedError(f"cannot determine the owner of {found}: {error.strerror}") from error
    if someone is not None:
        raise RefusedError(
            f"{found} belongs to {someone.name}, and root does not run another user's files",
            f"run gpusetup as that user: sudo -u '#{someone.uid}' gpusetup …",
        )


def environment_of(python: str) -> str:
    """Return the folder of the environment of `python`: by its path, since the interpreter is a link out of it."""
    return os.path.dirname(os.path.dirname(os.path.abspath(python)))


def owner(uid: int, gid: int) -> Owner:
    """Return the user `uid` with the groups of a login; one without an account is in `gid` alone."""
    import pwd  # for root alone

    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return Owner(uid, gid, (), user_name(uid), "/")
    groups = tuple(os.getgrouplist(user.pw_name, user.pw_gid))
    return Owner(user.pw_uid, user.pw_gid, groups, user.pw_name, user.pw_dir)


def environment(one: Owner, also: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the variables for a program of `one`: those of a login, and `KEPT` and `also` from root's session."""
    kept = {name: os.environ[name] for name in (*KEPT, *also) if name in os.environ}
    return kept | {"PATH": PATH, "HOME": one.home, "USER": one.name, "LOGNAME": one.name}


def become(one: Owner) -> None:
    """Turn this process, a forked child, into one of `one`'s: groups first, in a session without root's terminal."""
    # a new session: else a program could push characters into root's terminal (TIOCSTI)
    os.setsid()
    # groups before the user id: afterwards the process has no right to change them
    os.setgroups(one.groups)
    os.setresgid(one.gid, one.gid, one.gid)
    os.setresuid(one.uid, one.uid, one.uid)
    if os.getresuid() != (one.uid,) * 3 or os.getresgid() != (one.gid,) * 3:
        raise PermissionError("could not become another user")  # a second check: the call should have failed
    os.umask(0o022)
    os.chdir("/")


def _modules(python: str) -> Iterator[str]:
    """Yield the folders from which `python`, and the Python that it was made from, load what they run."""
    here = environment_of(python)
    for prefix in dict.fromkeys((here, environment_of(os.path.realpath(python)), *_base(here))):
        if any(os.path.exists(os.path.join(prefix, name)) for name in (CONFIGURATION, "conda-meta")):
            yield prefix
        else:  # a system's folder, which holds much else; /usr/local goes with /usr
            for place in (prefix, f"{prefix}/local"):
                yield from glob.glob(f"{glob.escape(place)}/lib*/python3*")


def _base(folder: str) -> Iterator[str]:
    """Yield the prefix of the Python from which a virtual environment was made, from its pyvenv.cfg."""
    try:
        handle = os.open(os.path.join(folder, CONFIGURATION), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        text = os.read(handle, MOST).decode(errors="replace") if stat.S_ISREG(os.fstat(handle).st_mode) else ""
    finally:
        os.close(handle)
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "home" and value.strip():
            yield os.path.dirname(value.strip())


def main(argv: list[str]) -> NoReturn:
    """Become the program ``argv[2:]``, as the owner of the environment that ``argv[1]`` is in.

    ``argv[0]`` is ``python`` (an interpreter to run) or ``folder`` (the environment). If the current user is the owner
    already, only the working directory changes, so that no module is imported from it.
    """
    kind, path, *command = argv
    try:
        someone = runs_as(path) if kind == "python" else works_as(path)
    except (RefusedError, OSError) as error:
        sys.exit(neutral(str(error)))
    if someone is None:
        os.chdir("/")
        os.execvp(command[0], command)  # noqa: S606 - a list, no shell
    variables = environment(someone, PROXIES)
    become(someone)
    os.execvpe(command[0], command, variables)  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
