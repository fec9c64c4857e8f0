"""Runs a function once a module has been imported, at once where it is there; the last request of an owner counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from gpusetup.repro.injected._gpusetup_repro import imports

_ACTIVE: dict[tuple[object, str], Callable[[Any], None]] = {}
"""What each owner wants of each module that is not imported yet."""


def when_imported(module: str, owner: object, run: Callable[[Any], None]) -> bool:
    """Call `run(module)` now and return True, or when it is imported and return False.

    A second request of the same owner for the same module replaces the first.
    """
    if module in sys.modules:
        run(sys.modules[module])
        return True
    key = owner, module
    waits = key in _ACTIVE
    _ACTIVE[key] = run
    _look_at_imports()
    if not waits:
        imports.after(module, lambda found: _run(key, found))
    return False


def forget(owner: object) -> None:
    """Drop what `owner` wants of modules that are not imported yet."""
    for key in [key for key in _ACTIVE if key[0] == owner]:
        del _ACTIVE[key]


def _look_at_imports() -> None:
    """Stand among the finders, also again where something has put back an older list of them (pytest's pytester)."""
    if not any(isinstance(finder, imports._Finder) for finder in sys.meta_path):
        imports.install()


def _run(key: tuple[object, str], module: Any) -> None:
    run = _ACTIVE.pop(key, None)
    if run is not None:
        run(module)
