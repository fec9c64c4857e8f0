"""What one wheel contains, read out of it: requirements, linking, GPU code, and what it says of its own build."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from email.parser import HeaderParser
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from gpusetup.errors import CannotLookError
from gpusetup.machine.software.elf_dynamic import Dynamic, dynamic
from gpusetup.versions import capability
from tools.artefact.archive import Archive
from tools.artefact.fatbin import GpuCode, gpu_code

EXTRAS = ("and-cuda", "with-cuda")
"""Under these extras TensorFlow and JAX require NVIDIA's libraries."""
LINUX = {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix"}
TELLING = r"nvidia-|cuda-|tensorrt|triton|jax|numpy"
"""The requirements that are kept: those that a GPU stack is made of."""


class Content(NamedTuple):
    """What was read of a wheel; `unread` are the files that were too large."""

    requires_python: str = ""
    requires: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()
    ptx: tuple[str, ...] = ()
    binaries: int = 0
    said: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read(archive: Archive, package: str, most: int | None) -> Content:
    """Return the content of a wheel; of one file at most `most` packed bytes are unpacked, all without a limit."""
    wanted = _wanted(package)
    linking, code = _linking(archive, wanted, most), _code(archive, wanted, most)
    said = _said(archive, wanted)
    files = [name for key in ("linking", "code", "said") for name in _members(archive, wanted, key)]
    large = [name for name in _members(archive, wanted, "linking") if _large(archive, name, most)]
    large += [name for name in _members(archive, wanted, "code") if most == 0]
    return Content(
        **_metadata(archive),
        needed=tuple(sorted({name for one in linking for name in one.needed if _of_cuda(name)})),
        search=tuple(dict.fromkeys(folder for one in linking for folder in _folders(one))),
        cc=code.cc(),
        partly=code.partly(),
        ptx=tuple(code.ptx),
        binaries=code.binaries,
        said=said,
        read=tuple(dict.fromkeys(name for name in files if name not in large)),
        unread=tuple(dict.fromkeys(large)),
    )


@cache
def _packages() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("members.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["package"]
    return found


def _wanted(package: str) -> dict[str, Any]:
    return next((one for one in _packages() if re.fullmatch(one["name"], package)), {})


def _members(archive: Archive, wanted: dict[str, Any], key: str) -> list[str]:
    patterns = wanted.get(key, ())
    return [name for pattern in patterns for name in archive.members if fnmatchcase(name, pattern)]


def _large(archive: Archive, member: str, most: int | None) -> bool:
    return most is not None and archive.members[member].compress_size > most


def _metadata(archive: Archive) -> dict[str, Any]:
    name = next((name for name in archive.members if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)), None)
    if name is None:
        raise CannotLookError(f"{archive.name} has no METADATA: it is no wheel")
    headers = HeaderParser().parsestr(archive.text(name))
    requires = [plain(text) for text in headers.get_all("Requires-Dist") or () if re.match(TELLING, text)]
    return {"requires_python": headers.get("Requires-Python", ""), "requires": tuple(filter(None, requires))}


def plain(text: str) -> str:
    """Return a requirement without its marker, "" where that excludes Linux with the extra for NVIDIA's libraries."""
    requirement = Requirement(text)
    extras = [LINUX | {"extra": extra} for extra in ("", *EXTRAS)]
    if requirement.marker is not None and not any(map(requirement.marker.evaluate, extras)):
        return ""
    return requirement.name + ",".join(sorted(map(str, requirement.specifier), reverse=True))


def _linking(archive: Archive, wanted: dict[str, Any], most: int | None) -> list[Dynamic]:
    found = []
    for member in _members(archive, wanted, "linking"):
        if not _large(archive, member, most):
            with archive.unpacked(member, None) as unpacked:
                found.append(dynamic(lambda start, length, data=unpacked.data: data[start : start + length]))  # type: ignore[misc]
    return [one for one in found if one is not None]


def _code(archive: Archive, wanted: dict[str, Any], most: int | None) -> GpuCode:
    """Return the GPU code of all libraries that are named, added up."""
    total = GpuCode()
    for member in _members(archive, wanted, "code") if most != 0 else ():
        with archive.unpacked(member, most) as unpacked:
            total = _added(total, gpu_code(unpacked.data))
    return total


def _added(one: GpuCode, other: GpuCode) -> GpuCode:
    def both(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
        names = sorted({*first, *second}, key=capability)
        return {name: first.get(name, 0) + second.get(name, 0) for name in names}

    return GpuCode(one.binaries + other.binaries, both(one.cubin, other.cubin), both(one.ptx, other.ptx))


def _said(archive: Archive, wanted: dict[str, Any]) -> tuple[str, ...]:
    """Return the architectures that the package says it was built for: ``sm_90``, ``compute_90``."""
    for member in _members(archive, wanted, "said"):
        with archive.unpacked(member, None) as unpacked:
            found = re.search(wanted["pattern"].encode(), unpacked.data)
            if found:
                return tuple(re.findall(r"(?:sm|compute)_\d+[af]?", found[0].decode(errors="replace")))
    return ()


def _of_cuda(library: str) -> bool:
    return bool(re.match(r"lib(cu[a-z]+|nv[a-z]+|nccl|nvrtc)[^/]*\.so", library))


def _folders(one: Dynamic) -> Iterator[str]:
    """Yield the folders of NVIDIA's wheels in which the library looks, relative to where wheels lie."""
    for folder in (*one.runpath, *one.rpath):
        if "/nvidia/" in folder:
            yield "nvidia/" + folder.partition("/nvidia/")[2]
