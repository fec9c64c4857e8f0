"""What the wheel needs beyond the package: compiled facts, and the content beside the engine in a checkout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compile the facts, so that no command parses TOML at start-up, and carry the content inside the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        sys.path.insert(0, str(Path(self.root)))
        from gpusetup.facts.compiled import write  # noqa: PLC0415

        build_data["artifacts"].append(str(write().relative_to(self.root)))
        if version != "editable":  # an editable install finds the content where it stands
            for folder in ("recipes", "containers", "checks"):
                build_data["force_include"][str(Path(self.root, folder))] = f"gpusetup/content/{folder}"
