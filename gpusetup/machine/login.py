"""Reads what differs in a login of another user: variables, limits, groups, and access to device nodes.

The user controls the output of a login shell, so only variables with known names and two numbers are taken from it.
Groups and nodes are read from the system. Everything else of the machine stays as root has read it.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
from collections.abc import Iterable
from functools import partial

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Machine, Reading, Unread
from gpusetup.machine.program_output import listen
from gpusetup.machine.system.environment import read_environment
from gpusetup.machine.system.limits import UNLIMITED
from gpusetup.machine.system.security import GROUPS_OF_NODES
from gpusetup.machine.worker import Channel, Worker
from gpusetup.trust.owner import Owner, become, owner
from gpusetup.value import Value

MOST = 1 << 20
"""Maximum output of a login in bytes; the kernel allows an environment of 2 MiB (ARG_MAX), far more than is usual."""
LONGEST = 1 << 15
"""Characters of one variable."""
SAY = 'printf \'\\0%s\\0%s\\0%s\\0\' {mark} "$(ulimit -S -l)" "$(ulimit -S -n)"; exec /usr/bin/env -0'
KIB = 1 << 10


class Login(Value):
    """What is specific to a login of one user."""

    environment: dict[str, str]
    """The variables that rules read, as ``System.environment``."""
    locked_memory: int
    """Bytes, -1 without limit, as ``Limits.locked_memory``."""
    open_files: int
    groups: tuple[str, ...]
    """As ``System.groups``."""
    usable: frozenset[str]
    """Of the device nodes that were asked about, those that the user may open for reading and writing."""


def read_login(person: str, nodes: Iterable[str], deadline: float) -> Reading[Login]:
    """Return what a new login shell of `person` has, within `deadline` seconds; `nodes` are device nodes."""
    source = f"runuser -l {person}"
    runuser = shutil.which("runuser")
    if runuser is None:
        return Unread(unread="absent", source=source, detail="runuser is not installed")
    try:
        account = pwd.getpwnam(person)
    except KeyError:
        return Unread(unread="absent", source=source, detail="the account does not exist")
    mark = secrets.token_hex(16)
    words = [runuser, "-l", person, "-s", "/bin/bash", "-c", SAY.format(mark=mark)]
    said = listen(words, source, deadline, MOST)
    if isinstance(said, Unread):
        return said
    parsed = _parsed(said, mark)
    if isinstance(parsed, str):
        return Unread(unread="failed", source=source, detail=parsed)
    memory, files, variables = parsed
    return Login(
        environment=read_environment(Host("/"), variables),
        locked_memory=memory,
        open_files=files,
        groups=_groups(person, account.pw_gid),
        usable=_usable(owner(account.pw_uid, account.pw_gid), tuple(nodes), deadline),
    )


def seen_by(login: Login, machine: Machine) -> Machine:
    """Return `machine` as that login sees it."""
    nodes = machine.device_nodes
    if not isinstance(nodes, Unread):
        nodes = tuple(msgspec.structs.replace(node, usable=node.path in login.usable) for node in nodes)
    limits = msgspec.structs.replace(
        machine.system.limits, locked_memory=login.locked_memory, open_files=login.open_files
    )
    system = msgspec.structs.replace(machine.system, environment=login.environment, groups=login.groups, limits=limits)
    return msgspec.structs.replace(machine, device_nodes=nodes, system=system)


def _parsed(said: bytes, mark: str) -> tuple[int, int, dict[str, str]] | str:
    """Return limits and variables from the shell's output after the `mark`, or what is wrong with it.

    Output before the mark is from the user's profile.
    """
    _, found, rest = said.partition(f"\0{mark}\0".encode())
    if not found:
        return "its profile ended the shell before it could answer"
    memory, files, *entries = (*rest.decode(errors="replace").split("\0"), "", "")
    if not (_is_limit(memory) and _is_limit(files)):
        return "its limits are not numbers"
    pairs = (entry.partition("=") for entry in entries)
    variables = {name: value for name, _, value in pairs if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name)}
    if any(len(value) > LONGEST for value in variables.values()):
        return "a variable is too long"
    return _limit(memory, KIB), _limit(files, 1), variables


def _is_limit(text: str) -> bool:
    # below 19 digits any number fits into the kernel's 64 bits (getrlimit(2), RLIM_INFINITY is the largest)
    return text == "unlimited" or (text.isascii() and text.isdecimal() and len(text) < 19)


def _limit(text: str, unit: int) -> int:
    return UNLIMITED if text == "unlimited" else int(text) * unit


def _groups(person: str, gid: int) -> tuple[str, ...]:
    """Return the groups of a new login that can own a GPU's device nodes: as the system's tables say."""
    import grp

    names = set()
    for number in os.getgrouplist(person, gid):
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:  # a number without a name
            continue
    return tuple(name for name in GROUPS_OF_NODES if name in names)


def _usable(someone: Owner, nodes: tuple[str, ...], deadline: float) -> frozenset[str]:
    """Return which `nodes` this user may open, including ACLs: access() is called with the user's rights."""
    outcome = Worker(partial(_try, someone, nodes), deadline).wait()
    return frozenset(str(line[1]) for line in outcome.lines if line[2] is True)


def _try(someone: Owner, nodes: tuple[str, ...], tell: Channel) -> None:
    become(someone)
    for node in nodes:
        tell("read", node, os.access(node, os.R_OK | os.W_OK))
