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
    return tuple(_package(host, one["name"], one["version"]) for one in said if one)


def _package(host: Host, name: str, version: str) -> Package:
    """Return a package; its folder was made when this version was installed, but not in a copy of a host."""
    found = host.stat(f"{LOCAL}/{name}-{version}/desc") if host.live else None
    since = int(found.st_mtime) if found is not None else 0
    return Package(manager="pacman", name=name, version=version, installed=since)


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
