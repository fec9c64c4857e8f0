"""Debian's database: one text of all packages, and a list of files for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec.structs import replace

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread

STATUS = "/var/lib/dpkg/status"
LISTS = "/var/lib/dpkg/info"
MARK = b"\nPackage: "
END = b"\n\n"
ARCHITECTURES = ("amd64", "arm64", "ppc64el", "riscv64", "i386")
ENGINES = ("podman", "docker", "containerd", "buildah", "apptainer", "moby")
"""These packages own no library of a GPU stack."""
STATUS_LIMIT = 64 << 20
ENTRY_LIMIT = 256 << 10
"""Bytes of one package; the longest, a kernel's with all that it provides, has some thousands."""
MANY = 5_000
LIST_LIMIT = 1 << 20


def packages(host: Host, families: tuple[str, ...]) -> Reading[tuple[Package, ...]]:
    """Return the installed packages whose names begin with one of `families`."""
    raw = host.read_bytes(STATUS, STATUS_LIMIT)
    if isinstance(raw, Unread):
        return raw
    found = list(islice(entries(raw, tuple(map(str.encode, families))), MANY + 1))
    if len(found) > MANY:
        return Unread(unread="failed", source=STATUS, detail=f"more than {MANY} packages of a GPU stack")
    made = [replace(one, installed=_installed(host, one.name)) for one in map(_package, found) if one is not None]
    return tuple(sorted(made, key=lambda one: one.name))


def _installed(host: Host, name: str) -> int:
    """Return when dpkg wrote the package's list of files, which it does anew with each version; 0 in a copy."""
    places = (f"{LISTS}/{name}{arch}.list" for arch in ("", *(f":{each}" for each in ARCHITECTURES[:3])))
    found = next(filter(None, map(host.stat, places)), None) if host.live else None
    return int(found.st_mtime) if found is not None else 0


def entries(raw: bytes, families: tuple[bytes, ...]) -> Iterator[str]:
    """Yield the packages of `families`, installed or not: a pattern over all the text takes ten times as long."""
    first = raw.startswith(MARK[1:])
    at = -1 if first else raw.find(MARK)
    while first or at >= 0:
        first = False
        start, at = at + len(MARK), raw.find(MARK, at + 1)
        if raw.startswith(families, start):
            end = min(at if at >= 0 else len(raw), start + ENTRY_LIMIT)
            yield raw[start:end].partition(END)[0].decode(errors="replace")


def _package(entry: str) -> Package | None:
    """Return the package that `entry` speaks of if it is installed."""
    name, _, text = entry.partition("\n")
    fields = dict(line.split(": ", 1) for line in text.split("\n") if ": " in line)
    if not fields.get("Status", "").endswith(" installed"):
        return None
    return Package(
        manager="dpkg",
        name=name,
        version=fields.get("Version", ""),
        maker=fields.get("Maintainer", "").partition(" <")[0],
        held=fields["Status"].startswith("hold"),
    )


def owners(host: Host, found: tuple[Package, ...], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return path → package by the lists of `found`: those of all packages would be thousands of files."""
    by_name = {name: path for path, name in wanted.items()} | {path: path for path in wanted}
    owned: dict[str, str] = {}
    for package in found if wanted else ():
        if package.name.startswith(ENGINES):
            continue
        for arch in ("", *(f":{each}" for each in ARCHITECTURES)):
            text = host.read_text(f"{LISTS}/{package.name}{arch}.list", LIST_LIMIT)
            for line in () if isinstance(text, Unread) else text.splitlines():
                if line in by_name:
                    owned[by_name[line]] = package.name
    return owned
