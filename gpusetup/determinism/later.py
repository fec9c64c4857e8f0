"""Runs a function once a module has been imported, at once where it is there; the last request of an owner counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from gpusetup.repro.injected._gpusetup_repro import imports

_WAITING: dict[str, dict[object, Callable[[Any], None]]] = {}
"""Module that is not imported yet → what each owner wants of it."""


def when_imported(module: str, owner: object, run: Callable[[Any], None]) -> bool:
    """Call `run(module)` now and return True, or when it is imported and return False.

    A second request of the same owner for the same module replaces the first.
    """
    if module in sys.modules:
        run(sys.modules[module])
        return True
    if module not in _WAITING:
        imports.after(module, lambda found: _run(module, found))
    _WAITING.setdefault(module, {})[owner] = run
    _look_at_imports()
    return False


def forget(owner: object) -> None:
    """Drop what `owner` wants of modules that are not imported yet."""
    for wanted in _WAITING.values():
        wanted.pop(owner, None)


def _look_at_imports() -> None:
    """Stand among the finders, also again where something has put back an older list of them (pytest's pytester)."""
    if not any(isinstance(finder, imports._Finder) for finder in sys.meta_path):
        imports.install()


def _run(module: str, found: Any) -> None:
    for run in _WAITING.pop(module, {}).values():
        run(found)
