"""Whose an interpreter is, and how root starts it: as the user whose environment it is, never with root's rights.

An environment is its owner's to change, so whatever runs in it is that user's program. Root's own environments are
run by root, as long as nobody else can write to them. ``python -P -m gpusetup.trust.owner`` is the same for the shell.
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
"""What an owner's program gets of root's variables: nothing that says what is loaded, nothing that may be secret."""
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CONFIGURATION = "pyvenv.cfg"
MOST = 1 << 14


class Owner(msgspec.Struct, frozen=True):
    """A user as whom something is run; one without an account is in the group of the folder alone."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    home: str


def runs_as(python: str) -> Owner | None:
    """Return as whom this process has to run the interpreter `python`; None: as whoever we are.

    Only root can and must become somebody else: the owner of the environment, which is the folder above the one in
    which the interpreter lies. Raises `RefusedError` when a third user could change what would run, `OSError` when
    there is no such interpreter.
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
    """Return as whom this process has to change what lies in the environment `folder`, as `runs_as` does."""
    if os.geteuid() != ROOT:
        return None
    found = os.stat(folder)
    return _owner_alone(folder, found, Trust(found.st_uid).path(folder))


def _owner_alone(folder: str, found: os.stat_result, reason: str) -> Owner | None:
    """Return the owner of `folder`, None for root; raises `RefusedError` where there is a `reason` against it."""
    if reason:
        raise RefusedError(
            f"root runs nothing in {folder}, the environment of {user_name(found.st_uid)}: {reason}",
            "take that right away, or run gpusetup as the user whose environment it is",
        )
    return None if found.st_uid == ROOT else owner(found.st_uid, found.st_gid)


def require_own(python: str) -> None:
    """Raise `RefusedError` when `python` is another user's, for work that cannot be done with that user's rights."""
    import shutil  # only where another interpreter is named

    found = shutil.which(python)
    if found is None:
        return  # whoever starts it says so
    try:
        someone = runs_as(found)
    except OSError as error:
        raise RefusedError(f"cannot tell whose {found} is: {error.strerror}") from error
    if someone is not None:
        raise RefusedError(
            f"{found} belongs to {someone.name}, and root does not run another user's files",
            f"run gpusetup as that user: sudo -u '#{someone.uid}' gpusetup …",
        )


def environment_of(python: str) -> str:
    """Return the folder of the environment that `python` is in: by its name, since there it is a link out of it."""
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
    """Return the variables with which `one` runs a program: a login's, and of root's session `KEPT` and `also`."""
    kept = {name: os.environ[name] for name in (*KEPT, *also) if name in os.environ}
    return kept | {"PATH": PATH, "HOME": one.home, "USER": one.name, "LOGNAME": one.name}


def become(one: Owner) -> None:
    """Turn this process, a forked child, into one of `one`'s: groups first, in a session without root's terminal."""
    os.setsid()
    os.setgroups(one.groups)
    os.setresgid(one.gid, one.gid, one.gid)
    os.setresuid(one.uid, one.uid, one.uid)
    if os.getresuid() != (one.uid,) * 3 or os.getresgid() != (one.gid,) * 3:
        raise PermissionError("could not become another user")  # the kernel does it or says so: belt and braces
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
    """Yield the prefix of the Python that a virtual environment was made from, as its configuration names it."""
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

    ``argv[0]`` says what that is: its ``python``, which is about to be run, or its ``folder``. Where we are that owner
    already, only the current folder changes, which is nothing to take modules from.
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
