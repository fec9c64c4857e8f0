"""What the wheel needs beyond the package: compiled facts and templates, and the content beside the engine."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compile facts and templates, so that no command parses either at start-up, and carry the content inside."""

    def dependencies(self) -> list[str]:
        """Return what else the build needs: the package with the chart library, where that is not made yet."""
        vendored = self._vendored()
        return [] if self.target_name != "wheel" or vendored.is_made() else [vendored.PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        sys.path.insert(0, str(Path(self.root)))
        from gpusetup.doctor.remedies import cache as remedies
        from gpusetup.facts import cache as facts
        from gpusetup.render import template_cache as templates

        build_data["artifacts"].append(str(self._vendored().make().relative_to(self.root)))
        for module in (facts, remedies, templates):
            build_data["artifacts"].append(str(Path(module.write()).relative_to(self.root)))
        if version != "editable":  # an editable install finds the content where it stands
            for folder in ("recipes", "containers", "checks"):
                build_data["force_include"][str(Path(self.root, folder))] = f"gpusetup/content/{folder}"

    def _vendored(self) -> ModuleType:
        sys.path.insert(0, str(Path(self.root)))
        from gpusetup.report.page import vendored

        return vendored
