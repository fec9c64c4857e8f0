"""CUDA toolkits on disk."""

from __future__ import annotations

import msgspec

from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.software.programs import find_program

LONG = 40
"""No version has so many characters."""
PLACES = ("/usr/local/cuda*", "/opt/cuda*", "/usr/lib/cuda", "/usr/lib/nvidia-cuda-toolkit")


def read_toolkits(host: Host) -> dict[str, str]:
    """Return folder → version, each toolkit once, under the folder its links lead to."""
    folders = dict.fromkeys(host.resolve(path) for place in PLACES for path in host.glob(place) if host.is_dir(path))
    return {folder: _version(host, folder) for folder in folders if _is_toolkit(host, folder)}


def read_nvcc(host: Host) -> Reading[str]:
    """Return the compiler that ``nvcc`` is, links followed: on our PATH, or in the usual places."""
    found = find_program(host, "nvcc")
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
