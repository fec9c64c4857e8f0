"""FAB002 and FAB004…: what a GPU says of its registration with the NVLink fabric, and of the fabric's health."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gpusetup.doctor.gpu.nvlink import (
    CONFIGURATION,
    FABRIC_SOURCE,
    LIMITED,
    UNDEFINED,
    UNHEALTHY,
    fabric_fix,
    mask_problems,
)
from gpusetup.doctor.gpu.nvml import UNANSWERED
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import (
    RuleResult,
    RuleResults,
    either,
    error,
    fix,
    known,
    optional,
    there,
    unknown,
    warning,
)
from gpusetup.machine.model import Gpu, Machine

# nvml.h, NVML_GPU_FABRIC_STATE_*: 0 not supported, 1 not started, 2 in progress, 3 completed
REGISTERED = 3
STATES = {1: "not started", 2: "in progress"}


@gpu_rule(
    "FAB002",
    "fabric-not-registered",
    "A GPU is not registered with its NVLink fabric",
    worst="error",
    after=("FAB109", "FAB102"),
    source="nvml.h, nvmlGpuFabricState_t; https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/",
    remedies=("fabric-log", "fabric-manager", "fabric-manager-nvlink5", "nvlink-domain"),
)
def not_registered(machine: Machine, gpu: Gpu) -> RuleResults:
    """On machines with NVSwitches the fabric manager registers every GPU with the NVLink fabric. Until then CUDA does
    not start on that GPU (error 802, system not yet initialised).

    On NVSwitches of the fourth generation (HGX B200 and newer) the fabric manager also needs the NVLink subnet manager
    (nvlsm) and the kernel module ib_umad. In an NVLink domain of several machines (GB200 NVL72) the fabric manager runs
    on the switch trays.
    """
    fabric = there(gpu.fabric)
    if fabric and fabric[0] in STATES:
        yield error(
            f"registration with the NVLink fabric is {STATES[fabric[0]]}: CUDA fails with error 802",
            f"fabric state {fabric[0]}, status {fabric[1]}",
            *_fabric_manager(machine),
            fix=fabric_fix(machine, gpu),
        )
    # "completed" says only that it ended; the status beside it says how
    elif fabric and fabric[0] == REGISTERED and fabric[1]:
        yield error(
            f"registration with the NVLink fabric ended with error {fabric[1]}",
            f"fabric state {fabric[0]}, status {fabric[1]}",
            fix=fix("fabric-log"),
        )


def _fabric_manager(machine: Machine) -> list[str]:
    found = [one for one in machine.system.services if one.name == "nvidia-fabricmanager"]
    if not found:
        return ["nvidia-fabricmanager is not installed"]
    running = {True: "running", False: "not running", None: "in an unknown state"}[either(found[0].running)]
    return [f"nvidia-fabricmanager is {'enabled' if found[0].enabled else 'not enabled'} and {running}"]


@gpu_rule(
    "FAB004",
    "fabric-unhealthy",
    "The NVLink fabric of a GPU is unhealthy",
    worst="error",
    after=("FAB002",),
    source=FABRIC_SOURCE,
    remedies=("fabric-configuration", "fabric-health"),
)
def unhealthy(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver reports the health of this GPU's part of the NVLink fabric: lost bandwidth, an unhealthy route, a
    recovery in progress, a wrong configuration, or no connection to the global fabric manager.

    A GPU in this state can be registered with its fabric and still lose or slow down collective operations. A recovery
    in progress can end by itself, so it is a warning; whatever else is reported is an error.
    """
    mask, summary = there(gpu.fabric_mask), there(gpu.fabric_summary)
    problems = mask_problems(mask or 0)
    yield from (_judged(one, mask or 0) for one in problems)
    if not problems and summary in {UNHEALTHY, LIMITED}:
        say = error if summary == UNHEALTHY else warning
        words = "unhealthy" if summary == UNHEALTHY else "of limited capacity"
        yield say(
            f"the NVLink fabric of this GPU is {words}",
            f"fabric health summary: {summary}",
            f"fabric health mask: {mask:#x}" if mask is not None else "fabric health mask: not supported",
            fix=fix("fabric-health"),
        )


def _judged(problem: tuple[str, str, str], mask: int) -> RuleResult:
    field, state, words = problem
    evidence = (f"fabric health mask: {mask:#x} ({field})",)
    if state == UNDEFINED:
        return unknown(f"the fabric's health holds a value that NVML does not define: {field}", *evidence)
    remedy = fix("fabric-configuration" if field == CONFIGURATION else "fabric-health")
    return (warning if state == "warning" else error)(words, *evidence, fix=remedy)


@gpu_rule(
    "FAB005",
    "fabric-clique-differs",
    "GPUs of one machine are in different NVLink cliques",
    worst="warning",
    after=("FAB002",),
    source="nvml.h, nvmlGpuFabricInfo_v3_t (cliqueId, clusterUuid)",
    remedies=("fabric-configuration",),
)
def other_clique(machine: Machine, gpu: Gpu) -> RuleResults:
    """GPUs reach each other's memory over NVLink inside one clique of one NVLink domain (cluster). This GPU is
    registered in another one than most GPUs of this machine, so the traffic between them goes over PCIe or not at all.

    A machine whose NVSwitches are partitioned for virtual machines is set up so on purpose.
    """
    # clique and cluster are valid only after a registration without error (nvml.h, nvmlGpuFabricInfo_v3_t)
    if there(gpu.fabric) != (REGISTERED, 0):
        return
    clique, cluster = there(gpu.fabric_clique), there(gpu.fabric_cluster)
    usual = _usual(machine)
    if clique is not None and cluster is not None and usual and usual[0] != (clique, cluster):
        yield warning(
            "this GPU is in another NVLink clique than most GPUs of this machine",
            f"clique {clique} of {_domain(cluster)}",
            f"most: clique {usual[0][0]} of {_domain(usual[0][1])} ({usual[1]} GPUs)",
            fix=fix("fabric-configuration"),
        )


def _domain(cluster: str) -> str:
    return f"domain {cluster}" if cluster else "this machine's own domain"


@once
def _usual(machine: Machine) -> tuple[tuple[int, str], int] | None:
    """Return the clique and domain of most GPUs that are registered, and how many these are."""
    return next(iter(Counter(_of_registered(machine)).most_common(1)), None)


def _of_registered(machine: Machine) -> Iterator[tuple[int, str]]:
    """Yield the clique and the domain of each GPU that is registered."""
    for gpu in known(machine.gpus):
        if optional(gpu.fabric, UNANSWERED) == (REGISTERED, 0):
            clique, cluster = optional(gpu.fabric_clique, UNANSWERED), optional(gpu.fabric_cluster, UNANSWERED)
            if clique is not None and cluster is not None:
                yield clique, cluster
