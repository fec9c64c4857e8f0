"""CUDA toolkits on disk."""

from __future__ import annotations

import re

import msgspec

from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.host import Host
from gpusetup.machine.model import Package, Reading, Unread
from gpusetup.machine.software.programs import find_program

LONG = 40
"""No version has so many characters."""
PACKAGED = "/usr/lib/nvidia-cuda-toolkit"
"""Where Debian's package nvidia-cuda-toolkit has it; nvcc on the path is a script there that calls the real one."""
BESIDE = "/usr/lib/cuda"
"""The same toolkit in NVIDIA's layout, by links."""
PLACES = ("/usr/local/cuda*", "/opt/cuda*", BESIDE, PACKAGED)


def read_toolkits(host: Host) -> dict[str, str]:
    """Return folder → version, each toolkit once, under the folder its links lead to."""
    folders = dict.fromkeys(host.resolve(path) for place in PLACES for path in host.glob(place) if host.is_dir(path))
    found = {folder: _version(host, folder) for folder in folders if _is_toolkit(host, folder)}
    return {folder: version for folder, version in found.items() if folder != BESIDE or PACKAGED not in found}


def with_packaged(toolkits: dict[str, str], packages: Reading[tuple[Package, ...]]) -> dict[str, str]:
    """Return `toolkits`, that of a distribution's package with its version, which no file of it tells."""
    installed = () if isinstance(packages, Unread) else packages
    version = next((_upstream(one.version) for one in installed if one.name == PACKAGED.rpartition("/")[2]), "")
    return {folder: told or (version if folder in (BESIDE, PACKAGED) else "") for folder, told in toolkits.items()}


def _upstream(version: str) -> str:
    """Return the toolkit's version in that of its package: ``12.4.131~12.4.1-2`` has nvcc's first, ``11.2.2-3`` not."""
    found = re.match(r"(?:\d{1,4}:)?(?:\d+(?:\.\d+)+~)?(\d+(?:\.\d+)+)[-~+]", f"{version[:LONG]}-")
    return found[1] if found else ""


def read_nvcc(host: Host) -> Reading[str]:
    """Return the compiler that ``nvcc`` is, links followed: on our PATH, or in the usual places."""
    found = find_program(host, "nvcc")
    if found and host.resolve(found) == "/usr/bin/nvcc" and host.exists(f"{PACKAGED}/bin/nvcc"):
        return f"{PACKAGED}/bin/nvcc"
    return host.resolve(found) if found else Unread(unread="absent", source="nvcc", detail="not on the path")


def _is_toolkit(host: Host, folder: str) -> bool:
    return any(host.exists(f"{folder}/{part}") for part in ("bin", "lib64", "include", "version.json"))


def _version(host: Host, folder: str) -> str:
    """Return the version: of version.json (11.1 and newer), version.txt, or the folder's name."""
    for named in (_of_json(host, folder), _of_text(host, folder), folder.rpartition("/cuda-")[2]):
        if named and len(named) < LONG and is_dotted(named):
            return named
    return ""


def _of_json(host: Host, folder: str) -> str:
    """Return ``version`` of ``cuda`` in version.json, "" where it does not say."""
    raw = host.read_bytes(f"{folder}/version.json")
    if isinstance(raw, Unread):
        return ""
    try:
        told = msgspec.json.decode(raw, type=dict[str, object]).get("cuda")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return str(told.get("version", "")) if isinstance(told, dict) else ""


def _of_text(host: Host, folder: str) -> str:
    """Return the version in version.txt, ``CUDA Version 10.2.89``."""
    text = host.read_text(f"{folder}/version.txt")
    said = "" if isinstance(text, Unread) else text.partition("CUDA Version ")[2]
    return next(iter(said.split()), "")
