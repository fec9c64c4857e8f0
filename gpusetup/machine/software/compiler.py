"""The version of gcc, without running it."""

from __future__ import annotations

import re
import sys

from gpusetup.machine.host import Host, clean
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.software.programs import find_program
from gpusetup.machine.version import version_key


def read_gcc(host: Host) -> Reading[str]:
    """Return the version of ``gcc``: as the name it leads to says (``gcc-12``), else of its newest folder."""
    path = find_program(host, "gcc")
    if not path:
        return Unread(unread="absent", source="gcc", detail="no gcc on the path")
    named = re.search(r"gcc-(\d[\d.]*)$", host.resolve(path))
    folders = [
        folder.rsplit("/", 1)[-1]
        for place in ("/usr/lib/gcc/*/*", "/usr/lib64/gcc/*/*")
        for folder in host.glob(place)
        if re.search(r"/\d[\d.]*$", folder)
    ]
    if named:
        return named[1]
    return max(folders, key=version_key) if folders else Unread(unread="failed", source=path, detail="does not say")


def read_python_headers(host: Host) -> Reading[bool]:
    """Say whether extensions can be compiled for the interpreter that runs us, as Triton does for every kernel."""
    if not host.live:
        return Unread(unread="unsupported", source="Python.h", detail="a folder runs no interpreter")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return any(host.exists(f"{prefix}/include/{name}/Python.h") for prefix in (clean(sys.base_prefix), "/usr"))
