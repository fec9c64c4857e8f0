"""What a host and its people are called: for taking the names out of what leaves it, never part of a `Machine`."""

from __future__ import annotations

import os
from itertools import islice

from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from gpusetup.machine.model.names import HostNames

FIRST_PERSON, NOBODY = 1000, 65534
"""User ids of people begin and end there (login.defs(5): UID_MIN)."""
MOST = 20_000
HOMES = ("/home", "/var/home", "/export/home", "/Users")
_OURS = ("USER", "LOGNAME", "SUDO_USER")


def read_names(host: Host) -> HostNames:
    """Return the names of `host`, its domains and its users; of a name service those who have a home folder here.

    No name service is asked: one that does not answer would keep us waiting.
    """
    users = {*_accounts(host), *(name for folder in HOMES for name in islice(host.names(folder), MOST))}
    hosts = {*_line(host, "/etc/hostname"), *_domains(host)}
    own = {os.environ.get(name, "") for name in _OURS} if host.live else set()
    if host.live:
        hosts |= {os.uname().nodename, *_line(host, "/proc/sys/kernel/domainname")}
    return HostNames(
        users=tuple(sorted(users - own - {"", "root"})),
        own=tuple(sorted(own - {"", "root"})),
        hosts=tuple(sorted(hosts - {"", "(none)"})),
    )


def _accounts(host: Host) -> list[str]:
    text = host.read_text("/etc/passwd")
    rows = [line.split(":") for line in ("" if isinstance(text, Unread) else text).splitlines()[:MOST]]
    # a user id has 32 bits, ten digits
    people = (row for row in rows if len(row) > 2 and row[2].isdecimal() and len(row[2]) < 11)
    return [row[0] for row in people if FIRST_PERSON <= int(row[2]) != NOBODY]


def _line(host: Host, path: str) -> list[str]:
    line = host.read_line(path)
    return [] if isinstance(line, Unread) else [line]


def _domains(host: Host) -> list[str]:
    """Return the domains in which the resolver looks for a bare name (resolv.conf(5)); the last part is no name."""
    text = host.read_text("/etc/resolv.conf")
    rows = [line.split() for line in ("" if isinstance(text, Unread) else text).splitlines()[:100]]
    return [word.rstrip(".") for row in rows if row[:1] in (["search"], ["domain"]) for word in row[1:] if "." in word]
