"""What `gpusetup repro` does inside the program that it examines: sets seeds and switches, and records what it saw.

This package stands alone: it runs under the user's own interpreter, of any Python from 3.9. Each hook has the name of
its axis; the variable ``_GPUSETUP_REPRO_<AXIS>`` holds its value, and without it the hook does nothing.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

PREFIX = "_GPUSETUP_REPRO_"
CHANGING = ("/dev/random", "/dev/urandom", "/proc/loadavg", "/proc/meminfo", "/proc/uptime")
"""Files that say something else each time they are read."""
MOST = 10_000
"""Files and addresses that a process records."""
_seen: set[tuple[str, str]] = set()
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def start() -> None:
    """Begin to record, and have every hook whose axis is set run when its module is imported."""
    from _gpusetup_repro import hooks, imports

    record("start", sys.argv[:1] or [""], sys.executable or "")
    sys.addaudithook(_note)
    for module in dict.fromkeys(module for module, _, _ in hooks.HOOKS):
        imports.after(module, _note_import)
    for module, axis, hook in hooks.HOOKS:
        value = os.environ.get(f"{PREFIX}{axis.upper().replace('-', '_')}")
        if value is not None:
            imports.after(module, _guarded(axis, hook, value))
    imports.install()


def record(event: str, *what: object) -> None:
    """Append one line to the record of this run; one write, so that processes do not mix their lines."""
    line = json.dumps([event, os.getpid(), *what]).encode() + b"\n"
    try:
        handle = os.open(os.environ[f"{PREFIX}RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
    except (OSError, KeyError):  # the program has dropped its environment or its rights, and it is not ours to end
        pass


def _note_import(module: Any) -> None:
    record("import", module.__name__, str(getattr(module, "__version__", "")))


def _guarded(axis: Any, hook: Any, value: Any) -> Any:
    def run(module: Any) -> Any:
        try:
            hook(module, value)
            record("set", axis)
        except Exception:  # a release that has no such switch: reported, and the program goes on
            import traceback

            record("failed", axis, traceback.format_exc(limit=3)[-500:])

    return run


def _note(event: Any, args: Any) -> Any:
    """Record what the program opens and where it connects to; called for each of hundreds of kinds of events."""
    if event == "open":
        if isinstance(args[0], (str, bytes)):
            _note_file(os.fsdecode(args[0]), args[1], args[2])
    elif event == "socket.connect" and isinstance(args[1], tuple) and len(args[1]) > 1:
        host, port = str(args[1][0]), args[1][1]
        if not host.startswith(("127.", "localhost", "::1")):
            _once("connect", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _note_file(path: Any, mode: Any, flags: Any) -> Any:
    if (mode is None and flags & _WRITES) or (mode is not None and not set("wax+").isdisjoint(mode)):
        path = os.path.abspath(path)
        if not path.startswith((_scratch(), "/proc/", "/dev/", "/sys/")):
            _once("write", path)
    elif path in CHANGING:
        _once("read", path)


def _scratch() -> Any:
    """Return the folder of the runs, in which the program's own is."""
    return os.path.dirname(os.path.dirname(os.environ.get(f"{PREFIX}RECORD", "/proc/-/-"))) + os.sep


def _once(event: Any, what: Any) -> Any:
    if (event, what) not in _seen and len(_seen) < MOST:
        _seen.add((event, what))
        record(event, what)
