"""What `gpusetup repro` does inside the program that it examines: sets seeds and switches, and records what it saw.

This package stands alone: it runs under the user's own interpreter, of any Python from 3.9. Each hook has the name of
its axis; the variable ``_GPUSETUP_REPRO_<AXIS>`` holds its value, and without it the hook does nothing.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

PREFIX = "_GPUSETUP_REPRO_"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def start() -> None:
    """Begin to record, and have every hook whose axis is set run when its module is imported."""
    from _gpusetup_repro import hooks, imports

    record("start", sys.argv[:1] or [""])
    sys.addaudithook(_note_writes)
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
            record("failed", axis, traceback.format_exc(limit=3)[-500:])

    return run


def _note_writes(event: Any, args: Any) -> Any:
    if event != "open" or not isinstance(args[0], (str, bytes)):
        return
    mode, flags = args[1], args[2]
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (mode is None and flags & _WRITES):
        path = os.path.abspath(os.fsdecode(args[0]))
        if path != os.environ.get(f"{PREFIX}RECORD") and not path.startswith(("/proc/", "/dev/", "/sys/")):
            record("write", path)
