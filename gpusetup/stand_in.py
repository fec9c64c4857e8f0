"""Lets a library be imported without modules of which it takes little or nothing: they are imported once it does."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class StandIn(ModuleType):
    """A module that has what is `known` of it; for whatever else is taken from it, it is imported."""

    def __init__(self, name: str, known: Mapping[str, object]) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        """Return what the module itself has; Python calls this only for what the stand-in has not."""
        if name.startswith("__"):  # the import system asks a module about itself
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def standing_in(known: Mapping[str, Mapping[str, object]]) -> Iterator[None]:
    """Import what follows with a stand-in for each module in `known` that is not imported yet."""
    put = [StandIn(name, some) for name, some in known.items() if name not in sys.modules]
    sys.modules.update({one.__name__: one for one in put})
    try:
        yield
    finally:
        for one in put:
            if sys.modules.get(one.__name__) is one:
                del sys.modules[one.__name__]
