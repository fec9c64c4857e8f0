"""The variables that this process was started with: what is put into ``os.environ`` later is not seen by all."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path


@functools.cache
def started_with() -> dict[str, str] | None:
    """Return the environment at the start of the process, None where the kernel does not show it.

    ``/proc/self/environ`` keeps what the program was executed with (proc(5)); ``os.environ`` changes a copy.
    """
    try:
        raw = Path("/proc/self/environ").read_bytes()
    except OSError:
        return None
    pairs = (part.partition(b"=") for part in raw.split(b"\0") if part)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def changed_here(name: str) -> bool | None:
    """Return whether a variable has another value than at the start; None where that cannot be found out."""
    before = started_with()
    return None if before is None else before.get(name) != os.environ.get(name)


def hash_seed_is_fixed() -> bool:
    """Return whether Python was started with a number as its hash seed."""
    if not sys.flags.hash_randomization:
        return True  # PYTHONHASHSEED=0
    before = started_with()
    value = (os.environ if before is None else before).get("PYTHONHASHSEED", "")
    return value.isdecimal() and not sys.flags.ignore_environment
