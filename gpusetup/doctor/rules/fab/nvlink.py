"""FAB001 and FAB003: NVLinks that are down, and GPUs that cannot reach each other."""

from __future__ import annotations

from gpusetup.doctor.gpu.nvml import UNANSWERED
from gpusetup.doctor.gpu.subjects import NVML_SILENT, gpu_rule
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, optional, recorded, rule, there, warning
from gpusetup.machine.model import Gpu, Machine

# nvml.h, nvmlGpuP2PStatus_t; 0 is OK, 6 unknown
P2P = {1: "the chipset does not support it", 2: "a GPU does not support it", 3: "the topology does not support it",
       4: "it is disabled by a registry key", 5: "it is not supported"}  # fmt: skip


@gpu_rule(
    "FAB001",
    "nvlink-down",
    "NVLinks of a GPU are down",
    worst="error",
    source="nvml.h, nvmlDeviceGetNvLinkState; https://docs.nvidia.com/health-validation/reference/checks/nvlink",
    remedies=("nvlink",),
)
def links_down(machine: Machine, gpu: Gpu) -> RuleResults:
    """Some links of this GPU are active and some are not: collective operations lose speed, or fail at the broken one.

    Beside NVSwitches every link is in use, so one that is down is an error, as in NVIDIA's Health Validation. Bridges
    between cards can leave links free on purpose. A GPU none of whose links is active has no bridge or switch, so
    nothing is said of it; its equals show whether it should have.
    """
    links = there(gpu.nvlinks)
    # all down is a card without a bridge, which nothing here can tell from a bridge that was taken off
    if links and any(links) and not all(links):
        down = [str(index) for index, active in enumerate(links) if not active]
        say = error if there(recorded(gpu.fabric, None)) or there(recorded(machine.nvswitches, 0)) else warning
        yield say(
            f"{len(down)} of {len(links)} NVLinks are down",
            f"links that are down: {', '.join(down)}",
            fix=fix("nvlink"),
        )


@gpu_rule(
    "FAB006",
    "nvlink-speed-reduced",
    "NVLinks of a GPU run at different speeds",
    worst="warning",
    after=("FAB001",),
    source="nvml.h, NVML_FI_DEV_NVLINK_GET_SPEED; https://docs.nvidia.com/health-validation/reference/checks/nvlink",
    remedies=("nvlink",),
)
def slow_links(machine: Machine, gpu: Gpu) -> RuleResults:
    """Links of one GPU are trained to one speed. One that runs slower was trained badly, and the traffic that is spread
    over all links goes at its pace.
    """
    speeds = there(gpu.nvlink_speeds)
    if speeds and min(speeds) < max(speeds):
        slow = sum(speed < max(speeds) for speed in speeds)
        yield warning(
            f"{slow} of {len(speeds)} NVLinks run at {min(speeds)} MB/s, the others at {max(speeds)} MB/s",
            f"speeds in MB/s: {', '.join(map(str, sorted(set(speeds))))}",
            fix=fix("nvlink"),
        )


@rule(
    "FAB003",
    "no-peer-access",
    "No peer-to-peer access (P2P) between GPUs of one model",
    worst="info",
    after=(NVML_SILENT, "DRV005"),
    required=False,
    source="nvml.h, nvmlGpuP2PStatus_t",
)
def no_peers(machine: Machine) -> RuleResults:
    """Copies between these GPUs go through main memory. Cards for desktops are made so; between server cards it
    points to the topology, the IOMMU, or a setting.
    """
    gpus = known(machine.gpus)
    names = {gpu.index: known(gpu.name) for gpu in gpus}
    for gpu in gpus:
        for peer in optional(gpu.peers, UNANSWERED) or ():
            status = optional(peer.p2p_read, UNANSWERED)
            # only between equals: a pair of two models may lack peer access by design
            if status and names.get(peer.index) == names[gpu.index]:
                yield info(
                    f"GPU {gpu.index} and GPU {peer.index} cannot read each other's memory",
                    f"peer-to-peer status {status}: {P2P.get(status, 'unknown')}",
                )
                return
