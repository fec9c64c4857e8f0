"""Every file the dynamic linker could pick for the libraries a GPU stack loads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Distribution, Library, Reading, Unread
from gpusetup.machine.software.cuda_names import STEMS, matters
from gpusetup.machine.software.elf import identify
from gpusetup.machine.software.linker_cache import entries

CACHE = "/etc/ld.so.cache"
CACHE_LIMIT = 16 << 20
MANY = 2_000
"""Libraries that a cache names; a host with five toolkits has fifty."""
DEFAULT_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/run/opengl-driver/lib")
"""The linker's own, and the one into which NixOS links its driver."""
DEBIAN_FOLDERS = ("/lib/{arch}-linux-gnu", "/usr/lib/{arch}-linux-gnu")
WSL_FOLDER = "/usr/lib/wsl/lib"

Origin = Literal["LD_LIBRARY_PATH", "ld.so.cache", "default", "wheel", "toolkit"]


def read_cached(host: Host) -> Reading[tuple[str, ...]]:
    """Return the libraries of a GPU stack that the linker's cache names, in its order."""
    raw = host.read_bytes(CACHE, CACHE_LIMIT)
    if isinstance(raw, Unread):
        return raw
    named = (path for soname, path in entries(raw, tuple(map(str.encode, STEMS))) if matters(soname))
    found = tuple(islice(named, MANY + 1))
    if len(found) > MANY:
        return Unread(unread="failed", source=CACHE, detail=f"names more than {MANY} libraries of a GPU stack")
    return found


def read_libraries(
    host: Host,
    arch: str,
    toolkits: dict[str, str],
    distributions: tuple[Distribution, ...],
    cached: Reading[tuple[str, ...]],
) -> tuple[Library, ...]:
    """Return the files in the linker's order, each once.

    First what the linker itself would find (LD_LIBRARY_PATH, its cache, the default folders), then what only a
    framework finds (the wheels), then the toolkits.
    """
    found: dict[tuple[str, str], Library] = {}
    for origin, path in _candidates(host, arch, toolkits, distributions, cached):
        soname, real = os.path.basename(path), host.resolve(path)
        if (soname, real) not in found and host.exists(path):
            found[soname, real] = _library(host, origin, soname, path, real)
    return tuple(found.values())


def gone(host: Host, cached: Reading[tuple[str, ...]]) -> Reading[tuple[str, ...]]:
    """Return those of the `cached` libraries that are not there any more."""
    if isinstance(cached, Unread):
        return cached
    return tuple(path for path in dict.fromkeys(cached) if not host.exists(path))


def _library(host: Host, origin: Origin, soname: str, path: str, real: str) -> Library:
    head = host.read_bytes(path, 20)
    bits, machine = identify(b"" if isinstance(head, Unread) else head)
    return Library(soname=soname, path=path, version=_version(soname, real), origin=origin, bits=bits, machine=machine)


def _candidates(
    host: Host,
    arch: str,
    toolkits: dict[str, str],
    distributions: tuple[Distribution, ...],
    cached: Reading[tuple[str, ...]],
) -> Iterator[tuple[Origin, str]]:
    for folder in library_path(host):
        yield from _in_folder(host, "LD_LIBRARY_PATH", folder)
    for path in () if isinstance(cached, Unread) else cached:
        yield "ld.so.cache", path
    for folder in default_folders(host, arch):
        yield from _in_folder(host, "default", folder)
    for location in dict.fromkeys(each.location for each in distributions):
        for folder in (*host.glob(f"{location}/nvidia/*/lib"), f"{location}/torch/lib"):
            yield from _in_folder(host, "wheel", folder)
    for toolkit in toolkits:
        for folder in (f"{toolkit}/lib64", f"{toolkit}/compat"):
            yield from _in_folder(host, "toolkit", folder)


def default_folders(host: Host, arch: str) -> tuple[str, ...]:
    """Return where the linker looks last, each folder once: /lib is /usr/lib nearly everywhere."""
    folders = (*DEFAULT_FOLDERS, *(place.format(arch=arch) for place in DEBIAN_FOLDERS), WSL_FOLDER)
    return tuple(dict.fromkeys(map(host.resolve, folders)))


def library_path(host: Host) -> list[str]:
    """Return the folders of LD_LIBRARY_PATH; an empty entry means the working folder, as the linker has it."""
    own = clean(os.environ.get("LD_LIBRARY_PATH", "")) if host.live else ""
    return [folder or "." for folder in own.replace(";", ":").split(":")] if own else []


def _in_folder(host: Host, origin: Origin, folder: str) -> Iterator[tuple[Origin, str]]:
    for name in host.names(folder):
        if name.startswith(STEMS) and matters(name):  # of some thousand names a handful
            yield origin, os.path.join(folder, name)


def _version(soname: str, real: str) -> str:
    """Return what the file's name adds to the soname's stem: libcuda.so.580.95.05 → 580.95.05."""
    stem = soname.partition(".so")[0] + ".so."
    name = os.path.basename(real)
    return name.removeprefix(stem) if name.startswith(stem) and name != soname else ""
