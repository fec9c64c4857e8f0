"""The packages that bear on a GPU, whichever manager installed them, and who owns a file."""

from __future__ import annotations

from collections.abc import Iterable

from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread
from gpusetup.machine.packages import dpkg, pacman

FAMILIES = (
    "nvidia", "libnvidia", "libcuda", "libcudnn", "libnccl", "cuda", "kmod-nvidia", "akmod-nvidia", "akmods", "dkms",
    "xorg-x11-drv-nvidia", "xserver-xorg-video-nvidia", "linux-modules-nvidia", "podman", "docker", "moby-engine",
    "containerd", "cri-o", "buildah", "apptainer", "unattended-upgrades", "dnf-automatic", "dnf5-plugin-automatic",
    "suse-prime",
)  # fmt: skip
"""How the names of packages that matter begin."""
RPM_DATABASES = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
RPM_OLD = ("/var/lib/rpm/Packages", "/var/lib/rpm/Packages.db", "/usr/lib/sysimage/rpm/Packages.db")


def read_packages(host: Host) -> Reading[tuple[Package, ...]]:
    """Return the packages whose names begin with one of `FAMILIES`, from the database of this distribution."""
    for database in RPM_DATABASES:
        if host.is_file(database):  # SQLite would wait for a FIFO
            from gpusetup.machine.packages import rpm  # sqlite3 takes 2 ms, and is for this alone

            return rpm.packages(host, database, FAMILIES)
    if host.exists(dpkg.STATUS):
        return dpkg.packages(host, FAMILIES)
    if host.exists(pacman.LOCAL):
        return pacman.packages(host, FAMILIES)
    old = next((path for path in RPM_OLD if host.exists(path)), "")
    if old:
        return Unread(unread="unsupported", source=old, detail="an RPM database that is not SQLite")
    return Unread(unread="absent", source=dpkg.STATUS, detail="no package manager keeps its database here")


def find_owners(host: Host, packages: Reading[tuple[Package, ...]], paths: Iterable[str]) -> dict[str, str]:
    """Return path → package for those of `paths` that one of `packages` has installed."""
    if isinstance(packages, Unread) or not packages:
        return {}
    wanted = {path: name for path in paths for name in _names(path)}
    if packages[0].manager == "rpm":
        from gpusetup.machine.packages import rpm

        database = next(path for path in RPM_DATABASES if host.is_file(path))
        return rpm.owners(host, database, wanted)
    if packages[0].manager == "dpkg":
        return dpkg.owners(host, packages, wanted)
    return pacman.owners(host, packages, wanted)


def _names(path: str) -> tuple[str, ...]:
    """Return what a package may call `path`: the folders at the root are links into /usr nearly everywhere."""
    return (path, path.removeprefix("/usr") if path.startswith("/usr/lib") else f"/usr{path}")
