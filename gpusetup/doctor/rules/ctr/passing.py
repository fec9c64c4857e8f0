"""CTR108, CTR109: device nodes that a running container was not given, or lost."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card, module_names
from gpusetup.doctor.remedies.system_kind import container_kind
from gpusetup.doctor.rule import RuleResults, error, fix, rule, there
from gpusetup.doctor.rules.ctr.toolkit import TOOLKIT
from gpusetup.doctor.software.containers import passing
from gpusetup.machine.model import DeviceNode, Machine

# nvidia-uvm-tools and nvidia-modeset serve profilers and displays
NEEDED = ("/dev/nvidiactl", "/dev/nvidia-uvm")
FOR_OTHERS = "rw"
"""The last three characters of a mode that lets everybody read and write begin with it."""
NOBODY = 65534


@rule(
    "CTR108",
    "container-devices-revoked",
    "The device cgroup denies the container its GPU device nodes",
    worst="error",
    after=("GPU001", "CTR001"),
    source="github.com/NVIDIA/nvidia-container-toolkit: issue 48; Linux kernel: device cgroup",
    remedies=("recreate-container", "container-gpu-lxc"),
)
def revoked(machine: Machine) -> RuleResults:
    """The GPU's device nodes are in this container and their mode lets everybody open them, but the kernel refuses: the
    container's device cgroup does not list them. NVML reports "Unknown Error".

    After ``systemctl daemon-reload``, which many package updates run, systemd rewrites the cgroup without the devices
    that NVIDIA's runtime hook had added. A restart of the container brings the GPU back until the next reload;
    with CDI, or the links that ``nvidia-ctk system create-dev-char-symlinks`` makes, it stays. LXC needs
    ``lxc.cgroup2.devices.allow``.
    """
    nodes = there(machine.device_nodes) or () if machine.system.container else ()
    closed = [node.path for node in nodes if node.path.startswith("/dev/nvidia") and _refused(node)]
    if closed:
        lxc = container_kind(machine) == "lxc"
        yield error(
            f"the device cgroup of this container denies {len(closed)} of the GPU's device nodes",
            *closed[:4],
            f"container: {machine.system.container}",
            fix=fix("container-gpu-lxc" if lxc else "recreate-container"),
        )


def _refused(node: DeviceNode) -> bool:
    """Say whether a node cannot be opened though its mode allows it; PRM002 and PRM103 speak of mode and owner."""
    return not node.usable and node.owner != NOBODY and (not node.mode or node.mode[-3:].startswith(FOR_OTHERS))


@rule(
    "CTR109",
    "container-node-missing",
    "A /dev/nvidia* device node was not passed into the container",
    worst="error",
    after=("GPU001", "DRV003", "CTR001"),
    source=f"{TOOLKIT}; github.com/community-scripts/ProxmoxVE: issue 5740",
    remedies=("container-gpu", "cluster-gpu", "container-gpu-lxc"),
)
def not_passed(machine: Machine) -> RuleResults:
    """The container has nodes of the GPU, but not all that CUDA needs: without ``/dev/nvidia-uvm`` nvidia-smi
    works, and CUDA answers 999 (unknown error).

    The host makes ``/dev/nvidia-uvm`` when a program first uses CUDA. A container that starts before that, such as an
    LXC at boot, gets a list of devices without it: ``nvidia-modprobe -u -c=0`` at boot, or nvidia-persistenced, makes
    it in time.
    """
    if not machine.system.container or machine.system.virtualization == "wsl" or not has_card(machine):
        return
    have = {node.path for node in there(machine.device_nodes) or ()}
    missing = [path for path in NEEDED if path not in have]
    # none at all is CTR001's case: nothing was asked for
    if missing and "nvidia" in module_names(machine) and any(path.startswith("/dev/nvidia") for path in have):
        yield error(
            f"{' and '.join(missing)} {'was' if len(missing) == 1 else 'were'} not passed into this container",
            f"container: {machine.system.container}",
            f"nodes in it: {', '.join(sorted(have))}",
            fix=passing(machine),
        )
