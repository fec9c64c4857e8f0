"""Arch's database: a folder per package, with its description and its list of files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread

LOCAL = "/var/lib/pacman/local"
LIST_LIMIT = 4 << 20
_FOLDER = r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)"


def packages(host: Host, families: tuple[str, ...]) -> Reading[tuple[Package, ...]]:
    """Return the installed packages whose names begin with one of `families`: the folders' names say it all."""
    listed = host.listdir(LOCAL)
    if isinstance(listed, Unread):
        return listed
    said = (re.fullmatch(_FOLDER, name) for name in listed if name.startswith(families))
    return tuple(Package(manager="pacman", name=one["name"], version=one["version"]) for one in said if one)


def owners(host: Host, found: tuple[Package, ...], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return path → package by the lists of `found`, whose lines have no slash in front."""
    by_name = {name.lstrip("/"): path for path, name in wanted.items()} | {path.lstrip("/"): path for path in wanted}
    owned: dict[str, str] = {}
    for package in found:
        text = host.read_text(f"{LOCAL}/{package.name}-{package.version}/files", LIST_LIMIT)
        for line in () if isinstance(text, Unread) else text.splitlines():
            if line in by_name:
                owned[by_name[line]] = package.name
    return owned
