"""The families of operations: one module each, which lists its ``CASES``; a new file is a new family."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.operations.case import Case


@cache
def families() -> dict[str, tuple[Case, ...]]:
    """Return every family's cases, by the family's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: tuple(importlib.import_module(f"{__name__}.{name}").CASES) for name in names}


def purposes() -> dict[str, str]:
    """Return the first sentence of each family's module, which the documentation shows."""
    return {name: (importlib.import_module(f"{__name__}.{name}").__doc__ or "").strip() for name in families()}
