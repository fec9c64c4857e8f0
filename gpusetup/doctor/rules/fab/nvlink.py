"""FAB…: NVLink, the fabric of NVSwitches, and how GPUs reach each other."""

from __future__ import annotations

from gpusetup.doctor.nvml import UNANSWERED
from gpusetup.doctor.rule import Verdicts, either, error, fix, info, known, optional, rule, there, warning
from gpusetup.doctor.subjects import NVML_SILENT, gpu_rule
from gpusetup.machine.model import Gpu, Machine

P2P = {1: "the chipset does not support it", 2: "a GPU does not support it", 3: "the topology does not support it",
       4: "it is disabled by a registry key", 5: "it is not supported"}  # fmt: skip


@gpu_rule(
    "FAB001",
    "nvlink-down",
    "NVLinks of a GPU are down",
    worst="warning",
    source="nvml.h, nvmlDeviceGetNvLinkState",
    remedies=("nvlink",),
)
def links_down(machine: Machine, gpu: Gpu) -> Verdicts:
    """Some links of this GPU are active and some are not: collective operations lose speed, or fail at the broken one.

    A GPU none of whose links is active simply has no bridge or switch, so nothing is said of it.
    """
    links = there(gpu.nvlinks)
    if links and any(links) and not all(links):
        down = [str(index) for index, active in enumerate(links) if not active]
        yield warning(
            f"NVLinks that are down: {len(down)} of {len(links)}",
            f"links that are down: {', '.join(down)}",
            fix=fix("nvlink"),
        )


@gpu_rule(
    "FAB002",
    "fabric-not-registered",
    "A GPU is not registered with its NVLink fabric",
    worst="error",
    source="nvml.h, nvmlGpuFabricState_t",
    remedies=(
        "fabric-log",
        "fabric-manager",
    ),
)
def not_joined(machine: Machine, gpu: Gpu) -> Verdicts:
    """On machines with NVSwitches every GPU has to be registered by the fabric manager; before that CUDA does not
    start on it (error 802, system not yet initialised).
    """
    fabric = there(gpu.fabric)
    if fabric and fabric[0] in {1, 2}:
        yield error(
            f"joining the NVLink fabric {'did not start' if fabric[0] == 1 else 'still goes on'}: CUDA answers 802",
            f"fabric state {fabric[0]}, status {fabric[1]}",
            *_fabric_manager(machine),
            fix=fix("fabric-manager"),
        )
    elif fabric and fabric[0] == 3 and fabric[1]:
        yield error(
            f"joining the NVLink fabric ended with error {fabric[1]}",
            f"fabric state {fabric[0]}, status {fabric[1]}",
            fix=fix("fabric-log"),
        )


def _fabric_manager(machine: Machine) -> list[str]:
    found = [one for one in machine.system.services if one.name == "nvidia-fabricmanager"]
    if not found:
        return ["the service nvidia-fabricmanager is not installed"]
    running = {True: "running", False: "not running", None: "in an unknown state"}[either(found[0].running)]
    return [f"the service nvidia-fabricmanager is {'enabled' if found[0].enabled else 'not enabled'} and {running}"]


@rule(
    "FAB003",
    "no-peer-access",
    "No peer-to-peer access (P2P) between GPUs of one model",
    worst="info",
    after=(NVML_SILENT, "DRV005"),
    required=False,
    source="nvml.h, nvmlGpuP2PStatus_t",
)
def no_peers(machine: Machine) -> Verdicts:
    """Copies between these GPUs go through main memory. Cards for desktops are made so; between server cards it
    points to the topology, the IOMMU, or a setting.
    """
    gpus = known(machine.gpus)
    names = {gpu.index: known(gpu.name) for gpu in gpus}
    for gpu in gpus:
        for peer in optional(gpu.peers, UNANSWERED) or ():
            status = optional(peer.p2p_read, UNANSWERED)
            if status and names.get(peer.index) == names[gpu.index]:
                yield info(
                    f"GPU {gpu.index} and GPU {peer.index} cannot read each other's memory",
                    f"peer-to-peer status {status}: {P2P.get(status, 'unknown')}",
                )
                return
