"""CUDA toolkits on disk."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.software.programs import find_program
from gpusetup.machine.version import is_dotted

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
    for name, pattern in (
        ("version.json", r'"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"(\d+(?:\.\d+)+)"'),
        ("version.txt", r"CUDA Version (\d+(?:\.\d+)+)"),
    ):
        text = host.read_text(f"{folder}/{name}")
        if not isinstance(text, Unread) and (said := re.search(pattern, text)):
            return said[1]
    named = folder.rpartition("/cuda-")[2]
    return named if is_dotted(named) else ""
