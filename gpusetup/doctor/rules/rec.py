"""REC: recovery actions and error counts that call for service."""

from __future__ import annotations

from collections import Counter

from gpusetup.doctor.gpu.recovery import recovery_action
from gpusetup.doctor.gpu.resets import reset
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.messages.xids import table
from gpusetup.doctor.rule import Fix, RuleResults, error, fix, info, rule, there, warning
from gpusetup.machine.model import Gpu, Machine

DCGM = "github.com/NVIDIA/DCGM: diagnostics (thresholds of the software plugin)"
RETIRED_LIMIT = 63
"""DCGM_LIMIT_MAX_RETIRED_PAGES: the table in the InfoROM holds 64."""
DOUBLE_BIT_LIMIT = 15
"""DCGM_LIMIT_MAX_RETIRED_PAGES_SOFT_LIMIT: DCGM adds a rate of one a week, which one look cannot see."""
REMAP_LIMIT = 512
"""The spare rows of the whole GPU that NVIDIA's policy of replacement counts (a100-gpu-mem-error-mgmt)."""


@gpu_rule(
    "REC001",
    "recovery-action",
    "The driver requests a recovery action",
    worst="error",
    source="nvml.h, nvmlDeviceGpuRecoveryAction_t; https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/"
    "error-recovery-and-response-flags.html",
    remedies=(
        "reset-bus",
        "drain-and-reset",
        "drain-gpu",
        "keep-ecc-then-reset",
        "kernel-log",
        "recover-imex",
        "reset-gpu",
        "restart-machine",
    ),
)
def action(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver itself requests an action before this GPU can be used safely: a reset, a reboot, to drain what uses it
    as a peer, to recover the IMEX domain, or a reset of its bus. A milder action than the one requested does not help.
    """
    asked = there(gpu.recovery_action)
    if asked:
        one = recovery_action(asked)
        yield error(f"the driver requests {one.requests}", f"recovery action: {asked}", fix=_remedy(one.remedy, gpu))


def _remedy(name: str, gpu: Gpu) -> Fix:
    if name == "reset-gpu":
        return reset(gpu)
    return fix(name, index=str(gpu.index)) if name in {"drain-and-reset", "recover-imex", "reset-bus"} else fix(name)


@gpu_rule(
    "REC002",
    "ecc-volatile-uncorrectable",
    "Uncorrectable ECC errors since the driver was loaded",
    worst="error",
    source=DCGM,
    remedies=("reset-gpu", "keep-ecc-then-reset"),
)
def volatile(machine: Machine, gpu: Gpu) -> RuleResults:
    """Since the driver was loaded, this GPU's memory has had errors that ECC could not correct; results may be lost."""
    count = there(gpu.ecc_volatile)
    if count:
        yield error(
            f"{count} uncorrectable memory errors since the driver was loaded",
            f"uncorrected errors, volatile: {count}",
            fix=reset(gpu),
        )


@gpu_rule(
    "REC003",
    "ecc-mode-pending",
    "A change of ECC mode is pending a reset",
    worst="warning",
    source="nvml.h, nvmlDeviceGetEccMode",
    remedies=("keep-ecc", "reset-gpu"),
)
def ecc_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """ECC was switched on or off; it takes effect when the GPU is reset, and changes the memory that is free.

    Where it will be off, any reset, also one for another reason, takes the protection away for good.
    """
    now, then = there(gpu.ecc), there(gpu.ecc_pending)
    if now is not None and then is not None and now != then:
        yield warning(
            f"ECC will be {'on' if then else 'off'} after the next reset",
            f"now {'on' if now else 'off'}, pending {'on' if then else 'off'}",
            # a change that takes ECC away is to be taken back, one that brings it only waits
            fix=fix("keep-ecc" if now else "reset-gpu", index=str(gpu.index)),
        )


@gpu_rule(
    "REC004",
    "many-retired-pages",
    "Many retired memory pages",
    worst="error",
    source=DCGM,
    remedies=(
        "service",
        "watch-memory",
    ),
)
def retired(machine: Machine, gpu: Gpu) -> RuleResults:
    """Pages of memory are retired when they fail; at 63 of them NVIDIA's diagnostics call for a replacement, and 15 for
    double-bit errors are a warning.
    """
    pages = there(gpu.retired_pages)
    if pages and sum(pages) >= RETIRED_LIMIT:
        yield error(
            f"{sum(pages)} memory pages are retired",
            f"single-bit {pages[0]}, double-bit {pages[1]}",
            fix=fix("service"),
        )
    elif pages and pages[1] >= DOUBLE_BIT_LIMIT:
        yield warning(
            f"{pages[1]} memory pages are retired for double-bit errors",
            f"single-bit {pages[0]}, double-bit {pages[1]}",
            fix=fix("watch-memory"),
        )


@gpu_rule(
    "REC005", "many-remapped-rows", "Many remapped memory rows", worst="error", source=DCGM, remedies=("service",)
)
def remapped(machine: Machine, gpu: Gpu) -> RuleResults:
    """More than 512 rows were remapped for uncorrectable errors: NVIDIA's diagnostics call for a replacement."""
    rows = there(gpu.remapped_rows)
    if rows and rows[1] > REMAP_LIMIT:
        yield error(
            f"{rows[1]} memory rows were remapped for uncorrectable errors", f"limit: {REMAP_LIMIT}", fix=fix("service")
        )


@rule(
    "REC006",
    "xid-event",
    "NVML reported an Xid while the machine was watched",
    worst="error",
    after=("REC001", "XID001", "XID002", "XID003", "XID004", "XID005", "XID006", "XID007", "XID008"),
    required=False,
    source="nvml.h, nvmlEventTypeXidCriticalError; https://docs.nvidia.com/deploy/xid-errors/ (Xid catalogue)",
    remedies=("kernel-log",),
)
def xid_event(machine: Machine) -> RuleResults:
    """While the machine was watched (``--watch``), the driver reported a critical Xid. NVML reports its number to every
    user; the message itself is in the kernel log, which often only root may read.
    """
    for (address, number), count in Counter(machine.driver.xids).items():
        known = table().get(str(number))
        # NVML sends critical Xids alone, so one that no table has is an error
        say = {"note": info, "program": warning}.get(known.group if known else "", error)
        yield say(
            f"Xid {number} was reported: {known.means if known else 'not in the tables'}",
            f"{count} times since the watch began",
            fix=fix("kernel-log"),
            subject=f"PCI {address}" if address else "",
        )
