"""Lists what is installed in an image, from the files that `layers` extracted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import distributions
from pathlib import Path

import msgspec

from gpusetup.errors import CannotLookError
from gpusetup.machine.host import Host
from gpusetup.machine.model import Unread
from gpusetup.machine.model.contents import Contents, InstalledPackage, InstalledWheel
from gpusetup.machine.packages import dpkg, rpm
from gpusetup.machine.packages.installed import RPM_DATABASES, RPM_OLD
from gpusetup.machine.software.contents import KEY, hashes, os_release, wheel

OURS = "opt/gpusetup/*/lib/python*/site-packages"
ANY = ("**/site-packages", "**/dist-packages")
ARCHITECTURE, LICENCE = 1022, 1014
MOST = 50_000
"""Packages of one system."""


def read_installed(root: Path) -> Contents:
    """Return the wheels and packages below `root`; nothing there is run.

    Raises `CannotLookError` when a package database cannot be read.
    """
    host = Host(root)
    about = os_release(_text(host, "/etc/os-release") or _text(host, "/usr/lib/os-release"))
    folders = sorted(root.glob(OURS)) or sorted({one for pattern in ANY for one in root.glob(pattern)})
    wheels = [
        wheel(one, f"/{folder.relative_to(root)}") for folder in folders for one in distributions(path=[str(folder)])
    ]
    return Contents(
        distribution=about.get("ID", ""),
        release=about.get("VERSION_ID", ""),
        wheels=tuple(msgspec.convert(one, InstalledWheel) for one in wheels if one["name"]),
        packages=tuple(_packages(host)),
        hashes=hashes(root / "opt/gpusetup"),
    )


def _text(host: Host, path: str) -> str:
    text = host.read_text(path)
    return "" if isinstance(text, Unread) else text


def _packages(host: Host) -> Iterator[InstalledPackage]:
    database = next((path for path in RPM_DATABASES if host.is_file(path)), "")
    if database:
        yield from sorted(_rpms(host, database), key=lambda one: one.name)
        return
    old = next((path for path in RPM_OLD if host.is_file(path)), "")
    if old:
        raise CannotLookError(f"cannot list the image's packages: {old} is an RPM database that is not SQLite")
    for path in (dpkg.STATUS, *(f"{dpkg.STATUS}.d/{name}" for name in host.names(f"{dpkg.STATUS}.d"))):
        raw = host.read_bytes(path, dpkg.STATUS_LIMIT)
        yield from () if isinstance(raw, Unread) else _debs(raw.decode(errors="replace"), whole=path == dpkg.STATUS)


def _debs(text: str, *, whole: bool) -> Iterator[InstalledPackage]:
    """Yield the installed packages of a status file; one of a distroless image has no status in it."""
    for part in text.split("\n\n")[:MOST]:
        fields = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line and line[0] != " ")
        if fields.get("Package") and (not whole or fields.get("Status", "").endswith(" installed")):
            yield InstalledPackage(
                kind="deb", name=fields["Package"], version=fields.get("Version", ""),
                architecture=fields.get("Architecture", ""), licence="",
            )  # fmt: skip


def _rpms(host: Host, database: str) -> Iterator[InstalledPackage]:
    """Yield the packages of an RPM database; raises `CannotLookError` for one that cannot be read to its end."""
    try:
        with closing(rpm.Database(host, database)) as opened:
            for (blob,) in opened.rows("SELECT blob FROM Packages", []):
                one = rpm.Header(blob)
                if one.text(rpm.NAME) != KEY:
                    yield _rpm(one)
    except rpm.BROKEN as error:
        raise CannotLookError(f"cannot list the image's packages: {database}: {str(error)[:120]}") from error


def _rpm(one: rpm.Header) -> InstalledPackage:
    epoch = one.numbers(rpm.EPOCH)
    version = f"{one.text(rpm.VERSION)}-{one.text(rpm.RELEASE)}"
    return InstalledPackage(
        kind="rpm", name=one.text(rpm.NAME), version=f"{epoch[0]}:{version}" if epoch else version,
        architecture=one.text(ARCHITECTURE), licence=one.text(LICENCE),
    )  # fmt: skip
