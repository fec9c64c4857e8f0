"""What compiles extensions: gcc's version without running it, Python's headers, and the environment they are for."""

from __future__ import annotations

import os
import sys

from gpusetup.machine.dotted import is_dotted, version_key
from gpusetup.machine.host import Host, clean
from gpusetup.machine.keyvalue import entry
from gpusetup.machine.model import Reading, Unread
from gpusetup.machine.software.programs import find_program

VENV = "pyvenv.cfg"


def read_gcc(host: Host) -> Reading[str]:
    """Return the version of ``gcc``: as the name it leads to says (``gcc-12``), else of its newest folder."""
    path = find_program(host, "gcc")
    if not path:
        return Unread(unread="absent", source="gcc", detail="no gcc on the path")
    # Debian links gcc to gcc-14; running it for its version would run what lies on the path
    named = host.resolve(path).rpartition("gcc-")[2]
    if is_dotted(named):
        return named
    folders = [
        folder.rpartition("/")[2] for place in ("/usr/lib/gcc/*/*", "/usr/lib64/gcc/*/*") for folder in host.glob(place)
    ]
    newest = max(filter(is_dotted, folders), key=version_key, default="")
    return newest or Unread(unread="failed", source=path, detail="does not say")


def read_system_packages(host: Host) -> Reading[bool]:
    """Say whether the virtual environment that is active, or that runs us, also sees the system's packages."""
    if not host.live:
        return Unread(unread="unsupported", source=VENV, detail="a folder has no active environment")
    folder = clean(os.environ.get("VIRTUAL_ENV") or sys.prefix)
    text = host.read_text(f"{folder}/{VENV}")
    if isinstance(text, Unread):
        return text
    return entry(text.lower(), "include-system-site-packages", "=") == "true"


def read_python_headers(host: Host) -> Reading[bool]:
    """Say whether extensions can be compiled for the interpreter that runs us, as Triton does for every kernel."""
    if not host.live:
        return Unread(unread="unsupported", source="Python.h", detail="a folder runs no interpreter")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return any(host.exists(f"{prefix}/include/{name}/Python.h") for prefix in (clean(sys.base_prefix), "/usr"))
