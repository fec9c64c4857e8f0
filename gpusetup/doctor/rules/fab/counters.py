"""FAB101 and FAB2…: errors that NVLinks and C2C links have counted since the driver was loaded."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, there, warning
from gpusetup.machine.model import Gpu, LinkCounters, Machine

DCGM = "github.com/NVIDIA/DCGM: dcgm_gpu_hardware_limits.h"
FIELDS = "nvml.h, NVML_FI_DEV_NVLINK_COUNT_*"
ATS = 2
"""NVML_DEVICE_ADDRESSING_MODE_ATS."""
NAMED = 6
"""Links that evidence names one by one."""


@gpu_rule(
    "FAB101",
    "nvlink-recoveries",
    "NVLink recovery or replay errors",
    worst="warning",
    required=False,
    source=f"nvml.h, NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL; {DCGM}",
    remedies=("nvlink",),
)
def recoveries(machine: Machine, gpu: Gpu) -> RuleResults:
    """Since the driver was loaded, NVLinks of this GPU failed and were trained again, or sent packets again. Single
    checksum errors are normal and not counted.

    NVLinks up to the fourth generation count for the whole GPU, those of the fifth (Blackwell) each for itself. A GPU
    with active links has one of the two: where the driver refuses both, nothing is known of its links.
    """
    # the counters of each link are asked first: where a GPU has them, its summed ones are not supported
    links = there(gpu.nvlink_counters)
    if links is not None:
        events = [one for one in links if one.recovered]
        if events:
            yield warning(
                f"{len(events)} NVLinks failed and were recovered",
                *_evidence(events, "recovered"),
                fix=fix("nvlink"),
            )
        return
    errors = known(gpu.nvlink_errors) if any(there(gpu.nvlinks) or ()) else there(gpu.nvlink_errors)
    # checksum errors, replays, recoveries: only the last two cost anything
    if errors and errors[2]:
        yield warning(
            f"NVLinks had to recover {errors[2]} times",
            f"since the driver was loaded: replays {errors[1]}, recoveries {errors[2]}",
            fix=fix("nvlink"),
        )
    elif errors and errors[1]:
        yield info(f"NVLinks repeated {errors[1]} packets", f"since the driver was loaded: replays {errors[1]}")


@gpu_rule(
    "FAB201",
    "nvlink-recovery-failed",
    "NVLink recovery failed",
    worst="error",
    source=f"{FIELDS} (LINK_RECOVERY_FAILED_EVENTS)",
    remedies=("nvlink",),
)
def recovery_failed(machine: Machine, gpu: Gpu) -> RuleResults:
    """A link of this GPU failed, and training it again did not bring it back: the driver declared it down.

    Programs that used the link at that time were ended, or hang in a collective operation. Only links of the fifth
    generation count this.
    """
    failed = [one for one in there(gpu.nvlink_counters) or () if one.recovery_failed]
    if failed:
        yield error(
            f"recovery of {len(failed)} NVLinks failed",
            *_evidence(failed, "recovery_failed"),
            fix=fix("nvlink"),
        )


@gpu_rule(
    "FAB202",
    "nvlink-packet-errors",
    "NVLink packet errors",
    worst="warning",
    after=("FAB201",),
    required=False,
    source=f"{FIELDS} (MALFORMED_PACKET, BUFFER_OVERRUN, LOCAL_LINK_INTEGRITY)",
    remedies=("nvlink",),
)
def packet_errors(machine: Machine, gpu: Gpu) -> RuleResults:
    """Links of this GPU received malformed packets or more than their buffers hold, or had more errors than their
    threshold allows. A link that works has none of these; symbol errors, which error correction repairs, are normal
    and not counted.
    """
    bad = [one for one in there(gpu.nvlink_counters) or () if one.malformed or one.overruns or one.integrity]
    if bad:
        yield warning(
            f"{len(bad)} NVLinks have packet errors",
            *(f"link {one.link}: malformed {one.malformed}, buffer overruns {one.overruns}, integrity {one.integrity}"
              for one in bad[:NAMED]),
            fix=fix("nvlink"),
        )  # fmt: skip


def _evidence(links: list[LinkCounters], name: str) -> list[str]:
    shown = [f"link {one.link}: {name.replace('_', ' ')} {getattr(one, name)}" for one in links[:NAMED]]
    return [*shown, *([f"and {len(links) - NAMED} more links"] if len(links) > NAMED else [])]


@gpu_rule(
    "FAB203",
    "c2c-link-down",
    "A C2C link to the CPU is down",
    worst="error",
    source="nvml.h, NVML_FI_DEV_C2C_LINK_GET_STATUS",
    remedies=("service",),
)
def c2c_down(machine: Machine, gpu: Gpu) -> RuleResults:
    """On a superchip (GH200, GB200) the C2C links join GPU and CPU. They are wired on the board: one that is down needs
    a power cycle, and service when it stays down.
    """
    links = there(gpu.c2c_links) or ()
    down = [str(number) for number, up in enumerate(links) if not up]
    if down:
        yield error(
            f"{len(down)} of {len(links)} C2C links to the CPU are down",
            f"links that are down: {', '.join(down)}",
            fix=fix("service"),
        )


@gpu_rule(
    "FAB204",
    "c2c-errors",
    "C2C link errors",
    worst="warning",
    after=("FAB203",),
    required=False,
    source="nvml.h, NVML_FI_DEV_C2C_LINK_ERROR_INTR, _REPLAY, _REPLAY_B2B",
    remedies=("service",),
)
def c2c_errors(machine: Machine, gpu: Gpu) -> RuleResults:
    """The links between GPU and CPU of this superchip raised error interrupts or had to repeat the same packet at once.
    Single replays are corrected by the link and not counted.
    """
    counted = dict(there(gpu.c2c_errors) or ())
    if counted.get("interrupts") or counted.get("replays back to back"):
        yield warning(
            "the C2C links to the CPU have errors",
            *(f"{name}: {count}" for name, count in counted.items()),
            fix=fix("service"),
        )


@gpu_rule(
    "FAB205",
    "coherent-memory-off",
    "Coherent memory of a superchip is off",
    worst="info",
    after=("FAB203",),
    required=False,
    source="nvml.h, nvmlDeviceAddressingMode_v1_t; NVIDIA Grace Hopper tuning guide (address translation services)",
    remedies=("kernel-log",),
)
def not_coherent(machine: Machine, gpu: Gpu) -> RuleResults:
    """GPU and CPU of a superchip (GH200, GB200) share one page table through the address translation services (ATS).
    This GPU has links to its CPU and reaches memory in another way: the kernel does not support it (shared virtual
    addressing of the IOMMU), or a hypervisor is between them. Programs run, and copy what they could read in place.
    """
    mode = there(gpu.addressing)
    if mode is not None and mode != ATS and any(there(gpu.c2c_links) or ()):
        yield info(
            "the GPU does not share the CPU's page tables (ATS is off)",
            f"addressing mode: {'HMM' if mode else 'none'}",
            fix=fix("kernel-log"),
        )
