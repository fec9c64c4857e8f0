"""Compile the facts once, when the wheel is built, so that no command parses TOML at start-up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FactsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Put ``gpusetup/facts/compiled.json`` into the wheel (see ``gpusetup/facts/compiled.py``)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if self.target_name != "wheel":
            return
        sys.path.insert(0, str(Path(self.root)))
        from gpusetup.facts.compiled import write  # noqa: PLC0415

        path = write()
        build_data["artifacts"].append(str(path.relative_to(self.root)))
