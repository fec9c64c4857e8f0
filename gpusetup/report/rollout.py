"""A roll-out as text: who gets what, in which waves, who is left out, and the command that begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.fleet_rows import counted, names
from gpusetup.report.lines import line

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.fleet.rollout.model import Rollout

_LINES = 20


def show(rollout: Rollout, folder: Path | None) -> None:
    """Print the plan; `folder` is where it was written, if it was."""
    out = console()
    hosts = sum(len(group.hosts) for group in rollout.groups)
    left = f", {counted(len(rollout.left_out), 'host')} left out" if rollout.left_out else ""
    what = f"{counted(hosts, 'host')} in {counted(len(rollout.groups), 'group')} with a recipe each"
    line(out, "", f"Roll-out: {what}{left}", "bold red" if rollout.left_out else "bold green")
    for group in rollout.groups:
        line(out, "  ", f"{group.name}: {counted(len(group.hosts), 'host')}: {group.what}", "bold")
        line(out, "    ", names(group.hosts))
        for component in group.stack:
            line(out, "    ", component)
        for note in group.notes:
            line(out, "  ! ", note, "yellow")
    for one in rollout.left_out[:_LINES]:
        line(out, "  ✗ ", f"{one.host}: {one.why}")
    if len(rollout.left_out) > _LINES:
        line(out, "  ", f"and {len(rollout.left_out) - _LINES} more (--json has all)")
    if folder is not None and rollout.groups:
        line(out, "", f"Waves: {', '.join(rollout.waves)} of each group at a time. Nothing is changed yet; next:")
        line(out, "  ", f"cd {folder} && ansible-playbook -i inventory.json rollout.yml --check")
