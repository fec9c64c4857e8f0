"""FAB102, FAB103 and FAB109…: the services that an NVLink fabric needs on its machine."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import driver_version
from gpusetup.doctor.gpu.nvlink import is_baseboard
from gpusetup.doctor.gpu.subjects import NVML_SILENT
from gpusetup.doctor.rule import (
    RuleResults,
    UnreadError,
    error,
    fix,
    info,
    known,
    optional,
    recorded,
    rule,
    there,
    warning,
)
from gpusetup.machine.model import NOT_RECORDED, Machine, Service
from gpusetup.versions import rpm

FABRIC_MANAGER = "https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/"
IMEX = "https://docs.nvidia.com/multi-node-nvlink-systems/imex-guide/"
SERVICE, IMEX_SERVICE = "nvidia-fabricmanager", "nvidia-imex"
REGISTERED = 3  # nvml.h, NVML_GPU_FABRIC_STATE_COMPLETED
CHANNEL = "imex-channels"
NO_SIGN = "a GPU that does not answer has its own finding"


@rule(
    "FAB102",
    "fabric-manager-down",
    "Fabric manager is not running (NVSwitch)",
    worst="error",
    blocks="framework",
    after=("GPU001", "FAB109", "DRV208"),
    source=FABRIC_MANAGER,
    remedies=("fabric-manager", "fabric-manager-nvlink5"),
)
def no_fabric_manager(machine: Machine) -> RuleResults:
    """This machine has NVSwitches between its GPUs. Until the fabric manager has configured them, CUDA does not start
    (error 802, system not yet initialised).

    NVSwitches of the fourth generation (HGX B200 and newer) are no NVSwitches on the PCI bus: there the GPUs' NVLinks
    show them, and the rule speaks only while a GPU is not registered, since the fabric manager can run in a container.
    """
    # in either the fabric manager runs outside, on the host or in the service VM
    if machine.system.container or machine.system.virtualization:
        return
    switches = there(recorded(machine.nvswitches, 0))
    waits = not switches and _waits_on_baseboard(machine)
    found = _service(machine, SERVICE)
    if (switches or waits) and (found is None or there(found.running) is False):
        yield error(
            f"{SERVICE} is {'not installed' if found is None else 'not running'}: CUDA fails with error 802",
            f"NVSwitches on the PCI bus: {switches}" if switches else "GPUs are not registered with the NVLink fabric",
            f"{SERVICE}: {'not installed' if found is None else 'enabled' if found.enabled else 'not enabled'}",
            fix=fix("fabric-manager" if switches else "fabric-manager-nvlink5"),
        )


def _waits_on_baseboard(machine: Machine) -> bool:
    """Say whether a GPU of a baseboard with NVLink 5 is not registered; a machine without NVML shows no such GPU."""
    gpus = optional(machine.gpus, "the GPUs' own rules speak of an NVML that does not answer") or ()
    states = [optional(gpu.fabric, NO_SIGN) for gpu in gpus]
    return any(state and state[0] != REGISTERED for state in states) and is_baseboard(machine)


def _service(machine: Machine, name: str) -> Service | None:
    return next((one for one in machine.system.services if one.name == name), None)


@rule(
    "FAB103",
    "fabric-manager-mismatch",
    "Fabric manager and driver versions differ",
    worst="error",
    after=("GPU001", "FAB102"),
    source=FABRIC_MANAGER,
    remedies=("fabric-manager",),
)
def other_fabric_manager(machine: Machine) -> RuleResults:
    """The fabric manager works with a driver of exactly its own version; with another it exits when it starts."""
    version = driver_version(machine)
    for one in there(machine.packages) or () if version and there(machine.nvswitches) else ():
        # nvidia-fabricmanager-580 on Ubuntu, nvidia-fabric-manager on RHEL
        if "fabric" in one.name and "manager" in one.name.replace("-", "") and str(version) not in one.version:
            yield error(
                f"the fabric manager has version {one.version}, the driver {version}",
                f"{one.name} {one.version}",
                fix=fix("fabric-manager"),
            )


@rule(
    "FAB109",
    "ib-umad-missing",
    "The fabric manager cannot reach the NVSwitches: ib_umad is not loaded",
    worst="error",
    after=("GPU001", NVML_SILENT),
    source=f"{FABRIC_MANAGER} (NVLSM); github.com/NVIDIA/gpu-operator#2781, github.com/spectrocloud/CanvOS#700",
    remedies=("fabric-manager-nvlink5",),
)
def no_umad(machine: Machine) -> RuleResults:
    """NVSwitches of the fourth generation (HGX B200 and newer) are configured with InfiniBand management packets: the
    fabric manager and the NVLink subnet manager (nvlsm) send them through the kernel module ib_umad. Without it the
    GPUs stay unregistered and CUDA fails with error 802, whatever systemd says of the fabric manager.

    Distributions with a split kernel package (Ubuntu's linux-modules-extra) may not have the module at all.
    """
    if machine.system.container or not _waits_on_baseboard(machine):
        return
    if there(machine.driver.umad) is False:
        yield error(
            "ib_umad is not loaded, so the NVLink fabric cannot be configured: CUDA fails with error 802",
            "/sys/class/infiniband_mad does not exist",
            f"NVLink subnet manager: {'installed' if there(machine.driver.subnet_manager) else 'not installed'}",
            fix=fix("fabric-manager-nvlink5"),
        )


@rule(
    "FAB110",
    "imex-down",
    "The IMEX service is not running on a multi-node NVLink system",
    worst="warning",
    after=("GPU001", NVML_SILENT),
    required=False,
    source=IMEX,
    remedies=("imex",),
)
def no_imex(machine: Machine) -> RuleResults:
    """The NVLink domain of these GPUs spans several machines. The IMEX service on each of them makes one GPU's memory
    usable on another machine; without it NCCL and CUDA fall back to the network, or fail to import memory.

    Where IMEX runs in a container (Kubernetes' compute domains) the host has no such service, or has it disabled on
    purpose: then this is only noted.
    """
    if machine.system.container or not _spans_machines(machine):
        return
    found = _service(machine, IMEX_SERVICE)
    if found is None or there(found.running) is False:
        # a service that somebody enabled was meant to run
        say = warning if found and found.enabled else info
        yield say(
            f"{IMEX_SERVICE} is {'not installed' if found is None else 'not running'}: "
            "GPU memory is not shared between machines",
            "the NVLink domain (cluster UUID) of the GPUs is not this machine alone",
            fix=fix("imex"),
        )


@rule(
    "FAB206",
    "imex-channel-missing",
    "No IMEX channel for memory of the NVLink fabric",
    worst="warning",
    after=("GPU001", NVML_SILENT),
    required=False,
    source=f"{IMEX} (IMEX channels); CUDA driver API reference: CU_MEM_HANDLE_TYPE_FABRIC",
    remedies=("imex-channel",),
)
def no_channel(machine: Machine) -> RuleResults:
    """Memory is shared over an NVLink domain through an IMEX channel, a device node that the program has to open: who
    may open the same channel may map each other's memory. The driver makes none by itself, and without one CUDA refuses
    such memory as not permitted, whatever the IMEX service says.

    On a single baseboard only programs that ask for such memory meet it (MSCCL++, NVSHMEM): there it is a note. In a
    container, the runtime passes the channel in or a compute domain of Kubernetes makes one.
    """
    states = [optional(gpu.fabric, NO_SIGN) for gpu in known(machine.gpus)]
    if machine.system.container or not any(state and state[0] == REGISTERED for state in states):
        return
    if rpm(machine.gpusetup) < rpm("0.1.0"):
        raise UnreadError(NOT_RECORDED)  # the nodes of channels are read since then
    major = dict(there(machine.device_majors) or ()).get(f"nvidia-caps-{CHANNEL}")
    nodes = [node.path for node in there(machine.device_nodes) or () if CHANNEL in node.path]
    if major and not nodes:
        say = warning if _spans_machines(machine) else info
        yield say(
            "no IMEX channel is there: CUDA refuses memory that is shared over the NVLink fabric",
            f"no node in /dev/nvidia-caps-{CHANNEL}",
            fix=fix("imex-channel", major=str(major)),
        )


def _spans_machines(machine: Machine) -> bool:
    """Say whether a registered GPU names an NVLink domain."""
    clusters = (optional(gpu.fabric_cluster, NO_SIGN) for gpu in known(machine.gpus))
    return any(clusters)


@rule(
    "FAB111",
    "fabric-manager-not-needed",
    "Fabric manager on a machine without NVSwitch",
    worst="warning",
    after=("GPU001", NVML_SILENT),
    required=False,
    source=f"{FABRIC_MANAGER}; github.com/NVIDIA/gpu-operator: issue 610",
    remedies=("fabric-manager-off",),
)
def nothing_to_manage(machine: Machine) -> RuleResults:
    """The fabric manager configures NVSwitches, and this machine has none: GPUs on PCIe, with or without NVLink
    bridges, need no such service. It ends with "NVSwitch not found", or with a mismatch of versions, which is no
    fault of the GPUs.
    """
    if machine.system.container or machine.system.virtualization:
        return
    switches, found = there(machine.nvswitches), _service(machine, SERVICE)
    if not switches and found and found.enabled and not is_baseboard(machine):
        fails = there(found.running) is False
        say = warning if fails else info
        yield say(
            f"{SERVICE} {'does not stay up' if fails else 'runs'}, and there is no NVSwitch that needs it",
            f"{SERVICE}: enabled, {'not running' if fails else 'running'}",
            "NVSwitches on the PCI bus: 0",
            fix=fix("fabric-manager-off"),
        )
