"""Which checks are costed: all that say what they train."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import checks

if TYPE_CHECKING:
    from checks.common.costed import Costed
    from checks.common.job import Job


def workloads(job: Job) -> dict[str, Costed]:
    """Return by its name what each check trains; the user's own checks are among them."""
    names = {file.parent.name for folder in checks.__path__ for file in Path(folder).glob("*/check.toml")}
    modules = {name: importlib.import_module(f"checks.{name}") for name in sorted(names)}
    return {name: module.costed(job) for name, module in modules.items() if hasattr(module, "costed")}
