"""Which libraries the installed frameworks and NVIDIA's wheels need, and which file the dynamic linker takes for each.

It looks in the order of ld.so(8): DT_RPATH where the file has no DT_RUNPATH, LD_LIBRARY_PATH, DT_RUNPATH, the cache,
the default folders. A library that is loaded already is not searched for again; that is not followed here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal

from gpusetup.machine.host import Host
from gpusetup.machine.model import Distribution, NeededLibrary, Reading, Unread
from gpusetup.machine.software.cuda_names import is_cuda
from gpusetup.machine.software.elf_dynamic import Dynamic, read_dynamic
from gpusetup.machine.software.libraries import default_folders, library_path

By = Literal["RPATH", "LD_LIBRARY_PATH", "RUNPATH", "ld.so.cache", "default"]
FILES = {
    "torch": ("torch/lib/libtorch_global_deps.so", "torch/lib/libtorch_cuda*.so", "torch/lib/libc10_cuda.so"),
    "tensorflow": ("tensorflow/libtensorflow_cc.so.*", "tensorflow/libtensorflow_framework.so.*"),
    "jaxlib": ("jax_plugins/xla_cuda*/xla_cuda_plugin.so",),
}
"""What of a framework is linked with CUDA, below the folder it is installed in."""
WHEELS = "nvidia/*/lib/lib*.so.*"
MOST_FILES = 200
"""Twenty wheels of NVIDIA's have about sixty libraries."""


def read_needed(
    host: Host, arch: str, distributions: tuple[Distribution, ...], cached: Reading[tuple[str, ...]]
) -> Reading[tuple[NeededLibrary, ...]]:
    """Return what each file of a framework or of an NVIDIA wheel needs of CUDA, as the linker would resolve it."""
    files = tuple(islice(_files(host, distributions), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        return Unread(unread="failed", source="nvidia/*/lib", detail=f"more than {MOST_FILES} libraries")
    if files and isinstance(cached, Unread) and cached.unread != "absent":
        return cached
    find = _finder(host, arch, () if isinstance(cached, Unread) else cached)
    return tuple(found for path, top in files for found in _of_file(host, path, top, find))


def _files(host: Host, distributions: Iterable[Distribution]) -> Iterator[tuple[str, str]]:
    """Yield each file once, with the folder of the distributions it lies in."""
    places = dict.fromkeys(one.location for one in distributions if one.name in FILES)
    for place in places:
        patterns = [name for names in FILES.values() for name in names]
        yield from ((path, place) for name in (*patterns, WHEELS) for path in host.glob(f"{place}/{name}"))


def _of_file(
    host: Host, path: str, top: str, find: Callable[[Dynamic, str, str], tuple[By | None, str]]
) -> Iterator[NeededLibrary]:
    dynamic = read_dynamic(host, path, owner=host.owner(top))
    for soname in dynamic.needed if dynamic else ():
        if dynamic and is_cuda(soname):
            by, found = find(dynamic, os.path.dirname(path), soname)
            yield NeededLibrary(file=path, soname=soname, path=found, by=by or "")


def _finder(host: Host, arch: str, cached: tuple[str, ...]) -> Callable[[Dynamic, str, str], tuple[By | None, str]]:
    variable, defaults = library_path(host), default_folders(host, arch)
    cache = {os.path.basename(path): path for path in reversed(cached)}

    def find(dynamic: Dynamic, folder: str, soname: str) -> tuple[By | None, str]:
        places: tuple[tuple[By, Iterable[str]], ...] = (
            ("RPATH", () if dynamic.runpath else _at(dynamic.rpath, folder)),
            ("LD_LIBRARY_PATH", variable),
            ("RUNPATH", _at(dynamic.runpath, folder)),
            ("ld.so.cache", (os.path.dirname(cache[soname]),) if soname in cache else ()),
            ("default", defaults),
        )
        paths = ((by, os.path.normpath(f"{place}/{soname}")) for by, folders in places for place in folders)
        return next(((by, path) for by, path in paths if host.exists(path)), (None, ""))

    return find


def _at(folders: tuple[str, ...], origin: str) -> Iterator[str]:
    return (folder.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for folder in folders)
