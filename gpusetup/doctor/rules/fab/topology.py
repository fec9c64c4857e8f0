"""FAB1…: the ways between GPUs, to the processor and to the network."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, NVML_SILENT, each_card, module_names
from gpusetup.doctor.rule import RuleResults, either, fix, info, optional, rule, there, warning
from gpusetup.machine.dotted import whole
from gpusetup.machine.model import Machine, PciGpu

NCCL = "https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html"


@rule(
    "FAB104",
    "iommu-translation",
    "IOMMU translates peer-to-peer traffic between GPUs",
    worst="warning",
    after=("GPU001",),
    required=False,
    source=f"Linux kernel: Documentation/ABI/testing/sysfs-kernel-iommu_groups; {NCCL}",
    remedies=("iommu-passthrough",),
)
def iommu(machine: Machine) -> RuleResults:
    """The IOMMU translates the addresses of these GPUs. Copies from one to another then go up to the processor, which
    is slower, and on some boards gives wrong data or hangs NCCL; ``iommu=pt`` lets addresses pass. It is a note where
    the driver lets no GPU read another's memory, and where bridges redirect the traffic, which FAB105 says.
    """
    cards = there(machine.pci) or ()
    if len(cards) < 2 or machine.system.virtualization or _linked(machine):
        return
    # type of the group: DMA or DMA-FQ translate, identity passes (sysfs-kernel-iommu_groups)
    translated = [card for card in cards if (there(card.iommu) or "").startswith("DMA")]
    if len(translated) > 1:
        redirected = any(optional(card.acs, "the bridges are taken to send nothing up") for card in cards)
        say = warning if _reach_each_other(machine) and not redirected else info
        yield say(
            f"the IOMMU translates the addresses of {len(translated)} GPUs",
            *(f"{card.address}: {card.iommu}" for card in translated[:4]),
            fix=fix("iommu-passthrough"),
        )


def _reach_each_other(machine: Machine) -> bool:
    """Say whether the driver lets a GPU read another one's memory (NVML_P2P_STATUS_OK is 0); for the severity alone."""
    peers = [peer for gpu in either(machine.gpus) or () for peer in either(gpu.peers) or ()]
    return any(either(peer.p2p_read) == 0 for peer in peers)


def _linked(machine: Machine) -> bool:
    """Say whether NVLinks join the GPUs, so that little goes over PCIe."""
    without = "the cards are then judged as if no NVLink joined them"
    return any(any(optional(gpu.nvlinks, without) or ()) for gpu in optional(machine.gpus, without) or ())


@rule(
    "FAB105",
    "acs-redirect",
    "PCIe ACS redirects peer-to-peer traffic through the root complex",
    worst="warning",
    after=("GPU001",),
    required=False,
    source=f"PCI Express base specification, Access Control Services; {NCCL}",
    remedies=("no-acs",),
)
def access_control(machine: Machine) -> RuleResults:
    """Access Control Services of a PCIe bridge are on: peer traffic is sent up to the processor instead of straight to
    the other card. On a machine without virtual machines it only costs speed, and can make NCCL hang.

    The registers can be read by root alone.
    """
    cards = there(machine.pci) or ()
    if len(cards) < 2 or machine.system.virtualization or machine.system.container:
        return
    redirected = [card.address for card in cards if there(card.acs)]
    if redirected:
        yield warning(
            f"PCIe bridges send the peer traffic of {len(redirected)} GPUs to the processor",
            f"ACS redirect is on above {', '.join(redirected)}",
            fix=fix("no-acs"),
        )


@rule(
    "FAB106",
    "cpu-affinity-numa",
    "CPU affinity excludes the NUMA node of a GPU",
    worst="info",
    after=("GPU001",),
    over=each_card,
    required=False,
    source="Linux kernel: Documentation/ABI/testing/sysfs-bus-pci (local_cpulist)",
    remedies=("bind-near",),
)
def far_processors(machine: Machine, card: PciGpu) -> RuleResults:
    """The processors that this process is bound to are all on another socket than the GPU: every copy crosses over."""
    near, allowed = there(card.local_cpus), there(machine.system.allowed_cpus)
    if near and allowed and not numbers(near) & numbers(allowed):
        yield info(
            "this process is bound to processors far from this GPU", f"near: {near}", f"allowed: {allowed}",
            fix=fix("bind-near", cpus=near),
        )  # fmt: skip


def numbers(text: str) -> frozenset[int]:
    """Return the numbers of ``0-3,8``; what is no such list is empty."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (end[:6] for end in part.partition("-"))  # a stranger's may have more: Linux has no million
        low, high = whole(first), whole(last or first)
        if low is not None and high is not None:
            found |= set(range(low, high + 1))
    return frozenset(found)


@rule(
    "FAB107",
    "gpudirect-rdma-missing",
    "GPUDirect RDMA is not available (nvidia_peermem)",
    worst="info",
    after=(NVML_SILENT, DRIVER_HANGS, "GPU001"),
    required=False,
    source="https://docs.nvidia.com/cuda/gpudirect-rdma/ (nvidia-peermem)",
    remedies=("load-peermem",),
)
def no_peermem(machine: Machine) -> RuleResults:
    """An InfiniBand or RoCE adapter is up, but nvidia_peermem is not loaded: between machines, data goes through main
    memory unless NCCL and the kernel agree on dma-buf.
    """
    active = [port for port, state in there(machine.system.infiniband) or () if state == "ACTIVE"]
    if active and "nvidia" in module_names(machine) and "nvidia_peermem" not in module_names(machine):
        yield info("nvidia_peermem is not loaded", f"active ports: {', '.join(active)}", fix=fix("load-peermem"))


@rule(
    "FAB108",
    "infiniband-port-down",
    "An InfiniBand port is down",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="Linux kernel: Documentation/ABI/stable/sysfs-class-infiniband",
    remedies=("infiniband-port",),
)
def port_down(machine: Machine) -> RuleResults:
    """Some ports of the adapters between machines are up and this one is not: its cable, its switch, or the subnet
    manager.

    ``INIT`` means that the cable is well and no subnet manager has answered. A port without a cable is no fault.
    """
    ports = there(machine.system.infiniband) or ()
    # a machine none of whose ports is up does not use its fabric
    if not any(state == "ACTIVE" for _, state in ports):
        return
    for port, state in ports:
        if state != "ACTIVE":
            # DOWN is also a port without a cable; INIT and ARMED have one
            say = info if state == "DOWN" else warning
            yield say(
                f"port {port} is {state}", f"{port}: {state}", fix=fix("infiniband-port", port=port), subject=port
            )
