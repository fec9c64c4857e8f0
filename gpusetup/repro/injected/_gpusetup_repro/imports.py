"""Calls a hook once a module has been imported, whoever imports it and how."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from typing import Any

_WANTED: dict[str, list[Any]] = {}
"""The hooks of each module that has not been imported yet."""


def after(module: Any, hook: Any) -> Any:
    """Call `hook(module)` when `module` has been imported; at once if it is there."""
    if module in sys.modules:
        hook(sys.modules[module])
    else:
        _WANTED.setdefault(module, []).append(hook)


def install() -> None:
    """Look at every import from now on, before all other finders."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a wanted module as the others would, and wraps its loader."""

    def find_spec(self, fullname: Any, path: Any = None, target: Any = None) -> Any:
        # Not wanted while the others look: two of these finders would ask each other for ever. Wanted again then: who
        # only asks whether there is such a module does not import it.
        hooks = _WANTED.pop(fullname, None)
        if hooks is None:
            return None
        spec = None
        try:
            for finder in sys.meta_path:
                if finder is not self and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(fullname, path, target)
                    if spec is not None:
                        break
        finally:
            _WANTED[fullname] = hooks
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads as `loader` does, then calls the hooks."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> Any:
        # the module keeps its own loader: resources and pickles ask for it
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        for hook in _WANTED.pop(module.__name__, ()):
            hook(module)
