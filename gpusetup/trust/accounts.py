"""Names of users and groups from the system's databases; imported only where a name is needed."""

from __future__ import annotations

import grp
import pwd

ROOT = 0
FIRST_OF_USERS = 1000
"""The first number of a user's own group (login.defs, GID_MIN)."""


def user_name(uid: int) -> str:
    """Return the name of the account, ``user 61001`` for a number without one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def group_name(gid: int) -> str:
    """Return the name of the group, its number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def private_group(uid: int, gid: int) -> bool:
    """Return whether `gid` is root's, or the private group of `uid` with the same name, as useradd creates it.

    Debian's ssh has the same exception.
    """
    if gid == ROOT:
        return True
    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and user.pw_name == group.gr_name and set(group.gr_mem) <= {user.pw_name}


def is_empty(gid: int) -> bool:
    """Return whether `gid` is a system group without members, like Debian's ``staff``, which can write to /usr/local.

    Other groups may have members in a directory service that does not list them.
    """
    if gid >= FIRST_OF_USERS:
        return False
    try:
        members = grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
    return not members and all(user.pw_gid != gid for user in pwd.getpwall())
