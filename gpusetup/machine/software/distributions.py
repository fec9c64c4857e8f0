"""Installed Python distributions, from the names of their metadata folders; nothing is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Distribution
from gpusetup.machine.software.wheels import (
    is_editable,
    is_framework,
    read_build,
    read_glibc,
    read_installer,
    read_requires,
)

_FOLDERS = (
    "/usr/lib/python3*/site-packages",
    "/usr/lib64/python3*/site-packages",
    "/usr/lib/python3/dist-packages",
    "/usr/local/lib/python3*/dist-packages",
    "/usr/local/lib/python3*/site-packages",
    "/usr/local/lib64/python3*/site-packages",
)
# what activate scripts of venv and conda set
_OTHERS = ("VIRTUAL_ENV", "CONDA_PREFIX")


def read_distributions(host: Host) -> tuple[Distribution, ...]:
    """Return the distributions that the interpreter running us would find, in its order.

    On the live host those on ``sys.path``, then those of the active environment ($VIRTUAL_ENV, $CONDA_PREFIX) where it
    is another one: a gpusetup that is installed on its own still speaks of the user's frameworks. In a folder those of
    its system interpreters.
    """
    places = _live_places(host) if host.live else (path for pattern in _FOLDERS for path in host.glob(pattern))
    once = dict.fromkeys(host.resolve(place) for place in places)
    return tuple(found for place in once for found in _in_folder(host, place))


def _live_places(host: Host) -> Iterator[str]:
    # "" is the current folder, a zip the standard library (python311.zip)
    yield from (os.path.abspath(clean(place)) for place in sys.path if place and not place.endswith(".zip"))
    for name in _OTHERS:
        if prefix := clean(os.environ.get(name, "")):
            for lib in ("lib", "lib64"):
                yield from host.glob(f"{os.path.abspath(prefix)}/{lib}/python3*/site-packages")


def _in_folder(host: Host, place: str) -> Iterator[Distribution]:
    for entry in host.names(place):
        if entry.endswith((".dist-info", ".egg-info")):
            name, version = _name_and_version(entry)
            if name and version:
                yield _distribution(host, place, entry, name, version)


def _name_and_version(entry: str) -> tuple[str, str]:
    """Return the parts of ``NAME-VERSION.dist-info`` (wheels) or ``NAME-VERSION[-pyX.Y].egg-info`` (Debian).

    The name is as PEP 503 compares it. Both are "" where the folder is called otherwise.
    """
    name, _, rest = entry.rpartition(".")[0].partition("-")
    version, _, python = rest.partition("-")
    if python and not python.startswith("py"):
        return "", ""
    return "-".join(filter(None, name.lower().replace(".", "_").split("_"))), version


def _distribution(host: Host, place: str, entry: str, name: str, version: str) -> Distribution:
    """Return the distribution; files are opened for the frameworks alone."""
    metadata = f"{place}/{entry}"
    since = _installed(host, metadata)
    if not is_framework(name):
        return Distribution(name=name, version=version, location=place, installed=since)
    if name.startswith("nvidia-"):  # a dozen of them lie beside a framework, and nothing rests on more of theirs
        by = read_installer(host, metadata)
        return Distribution(name=name, version=version, location=place, installer=by, installed=since)
    build = read_build(host, name, place)
    return Distribution(
        name=name,
        version=version,
        location=place,
        cuda=build.cuda,
        architectures=build.architectures,
        installer=read_installer(host, metadata),
        glibc=read_glibc(host, metadata),
        editable=is_editable(host, metadata),
        requires=read_requires(host, metadata),
        installed=since,
    )


def _installed(host: Host, metadata: str) -> int:
    """Return when the folder of metadata was made: its files may be links into uv's cache, and older."""
    found = host.stat(metadata) if host.live else None
    return int(found.st_mtime) if found is not None else 0
