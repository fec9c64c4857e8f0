"""A roll-out as files for Ansible: the playbook, the inventory, and one recipe for each group."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gpusetup.content_dirs import content_dirs
from gpusetup.fleet.rollout.model import Rollout
from gpusetup.render import environment
from gpusetup.render.quoting_check import check_data

TEMPLATE = "rollout.yml.j2"
PLAYBOOK, INVENTORY, PLAN = "rollout.yml", "inventory.json", "rollout.json"


def files(rollout: Rollout, scripts: Mapping[str, str]) -> dict[str, str]:
    """Return the files by their paths below one folder."""
    groups = {group.name: {"hosts": dict.fromkeys(group.hosts)} for group in rollout.groups}
    inventory = msgspec.json.format(msgspec.json.encode({"all": {"children": groups}}), indent=1).decode() + "\n"
    return {**scripts, INVENTORY: inventory, PLAYBOOK: playbook(rollout)}


def playbook(rollout: Rollout) -> str:
    """Return the playbook. What hosts say of themselves stands in its comments alone: Ansible evaluates all else."""
    template = environment.get(environment.scripts([content_dirs("recipes")[0] / "rollout"]), TEMPLATE)
    with environment.template_faults(TEMPLATE):
        return check_data(
            template.render(
                groups=rollout.groups,
                hosts=sum(len(group.hosts) for group in rollout.groups),
                waves=[int(wave) if wave.isdecimal() else wave for wave in rollout.waves],
                version=rollout.gpusetup,
                made=rollout.made_at[:10],
            )
        )
