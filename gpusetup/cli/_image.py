"""Judge whether an image runs on a machine, for ``doctor --image`` and ``container --check-host``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.cli._diagnosis import Policy
from gpusetup.doctor.diagnosis import with_gpu_required
from gpusetup.doctor.image import rules_for
from gpusetup.doctor.registry import all_rules, select
from gpusetup.machine.image.read import read_image
from gpusetup.machine.model.image import Image

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine
    from gpusetup.render.container.model import Container


def judge_image(machine: Machine, said: str, policy: Policy, only: str, skip: str) -> tuple[Report, int]:
    """Return the report on the image `said`, and the exit code under `policy`."""
    image = read_image(said, machine.system.arch)
    rules = select({one.id: one for one in rules_for(image)}, only, skip)
    if policy.require_gpu:
        rules = with_gpu_required(rules, all_rules())
    return msgspec.structs.replace(policy, rules=lambda: rules).judge(machine)


def judge_container(machine: Machine, container: Container) -> tuple[Report, int]:
    """Return the report on the image that `container` would become, and the exit code."""
    image = Image(
        name=container.job.image,
        architecture=container.stack.request.machine_arch,
        labels=container.labels,
        read_from="what was rendered",
    )
    rules = rules_for(image)
    return Policy(lambda: rules, (), "error", False).judge(machine)
