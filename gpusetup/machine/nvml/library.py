"""Loads libnvidia-ml in the child, before anything is imported that only its answers need: most computers have none."""

from __future__ import annotations

import ctypes

from gpusetup.machine.model import Unread, Why
from gpusetup.machine.worker import Channel

LIBRARY_NOT_FOUND = 12


def ask(library: str, tell: Channel) -> None:
    """Load `library` and tell what it answers (`ask_loaded`), or ``read init <Unread>`` when it cannot be loaded."""
    refusal = load_library(library, tell)
    if refusal is not None:
        tell("read", "init", refusal)
        return
    from gpusetup.machine.nvml.driver import ask_loaded

    ask_loaded(tell)


def load_library(library: str, tell: Channel) -> Unread | None:
    """Load the library ourselves, and return why it cannot be; pynvml says "not found" whatever the reason was.

    pynvml then asks the loader for ``libnvidia-ml.so.1`` and is given this one, which has that soname.
    """
    tell("call", f"dlopen {library}")
    try:
        # the loader's own message is what tells a missing file from a damaged one
        ctypes.CDLL(library)
    except OSError as error:
        absent = "No such file" in str(error)
        why: Why = "absent" if absent else "denied" if "Permission denied" in str(error) else "failed"
        return Unread(unread=why, source=f"dlopen {library}", detail=str(error), code=LIBRARY_NOT_FOUND)
    return None
