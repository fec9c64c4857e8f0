"""MEM00…: errors of GPU memory: ECC, page retirement, row remapping, SRAM errors, InfoROM."""

from __future__ import annotations

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.resets import reset
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.rule import RuleResults, either, error, fix, there, warning
from gpusetup.machine.model import Gpu, Machine

GCM = "github.com/facebookresearch/gcm: check-nvidia-smi, ecc_corrected_volatile_total (its threshold)"
MANY_CORRECTED = 50_000_000
"""gcm's own limit, of a fleet of A100 and H100; NVIDIA publishes none."""
MANY_ON_CHIP = 4
"""More than this many over a card's life ask for a replacement (github.com/stas00/ml-engineering, from NVIDIA's
policy of replacement); NVIDIA's own flag, which is judged first, also looks at where they are."""
REMAP = "https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/"
RETIRE = "https://docs.nvidia.com/deploy/dynamic-page-retirement/"


@gpu_rule(
    "MEM006", "inforom-corrupted", "InfoROM is corrupted", worst="error", source=nvml.SOURCE, remedies=("service",)
)
def inforom(machine: Machine, gpu: Gpu) -> RuleResults:
    """A card keeps its serial number, its ECC mode and its history of errors in its InfoROM. NVML reports that this
    card's InfoROM is corrupted (error 14).

    The card may go on computing, but what it reports of its past errors cannot be relied on: it needs service.
    """
    if said := nvml.complaint(gpu, nvml.CORRUPTED_INFOROM):
        yield error(
            "the InfoROM of this GPU is corrupted", f"{said.source} returns 14: {nvml.meaning(14)}", fix=fix("service")
        )


@gpu_rule(
    "MEM007",
    "ecc-corrected-high",
    "High rate of corrected ECC errors",
    worst="warning",
    required=False,
    source=GCM,
    remedies=("watch-memory",),
)
def many_corrected(machine: Machine, gpu: Gpu) -> RuleResults:
    """So many errors were corrected since the driver was loaded that memory is slower, and an uncorrectable one is
    likely to follow.
    """
    count = there(gpu.ecc_corrected)
    if count and count >= MANY_CORRECTED:
        yield warning(f"{count} memory errors were corrected", f"limit: {MANY_CORRECTED}", fix=fix("watch-memory"))


@gpu_rule(
    "MEM008",
    "sram-errors",
    "SRAM errors (on-chip memory)",
    worst="error",
    source="nvml.h, nvmlEccSramErrorStatus_t; https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/",
    remedies=(
        "service",
        "watch-memory",
    ),
)
def on_chip(machine: Machine, gpu: Gpu) -> RuleResults:
    """Registers and caches have no spare rows: their errors cannot be mapped away. Beyond NVIDIA's own limit the card
    is to be replaced; a few uncorrected ones are a warning.
    """
    errors = there(gpu.sram_errors)
    # bThresholdExceeded comes first: it weighs where the errors are, which a count cannot
    if errors and errors[2]:
        yield error(
            "on-chip memory errors are beyond NVIDIA's limit: the card needs service",
            f"corrected {errors[0]}, uncorrected {errors[1]}, limit exceeded",
            fix=fix("service"),
        )
    elif errors and errors[1] > MANY_ON_CHIP:
        yield warning(
            f"{errors[1]} uncorrected errors of on-chip memory",
            f"corrected {errors[0]}, uncorrected {errors[1]}",
            fix=fix("watch-memory"),
        )


@gpu_rule(
    "MEM009",
    "row-remap-low-spares",
    "Few spare rows are left for row remapping",
    worst="warning",
    after=("MEM003",),
    source="nvml.h, nvmlDeviceGetRowRemapperHistogram",
    remedies=("watch-memory",),
)
def spare_rows(machine: Machine, gpu: Gpu) -> RuleResults:
    """Some banks of this GPU's memory have few or no spare rows left: the next failure there cannot be remapped. Plan
    for the card's replacement.
    """
    rows = there(gpu.spare_rows)
    # nvml.h, nvmlRowRemapperHistogramValues_t: max, high, partial, low, none
    if rows and (rows[3] or rows[4]):
        yield warning(
            f"{rows[3] + rows[4]} memory banks have few or no spare rows left",
            f"banks by spare rows: all {rows[0]}, many {rows[1]}, some {rows[2]}, few {rows[3]}, none {rows[4]}",
            fix=fix("watch-memory"),
        )


@gpu_rule(
    "MEM001", "ecc-uncorrectable", "Uncorrectable ECC errors", worst="warning", source=REMAP, remedies=("watch-memory",)
)
def uncorrected(machine: Machine, gpu: Gpu) -> RuleResults:
    """ECC detected errors in this GPU's memory that it could not correct; the count is over the card's life.

    Each one ended a program. Old errors whose rows have been remapped are history; a count that grows is a failing
    card.
    """
    # NVML_AGGREGATE_ECC, which the InfoROM keeps; REC002 has the volatile count, which a load of the driver clears
    count = there(gpu.ecc_uncorrected)
    if count:
        yield warning(
            f"{count} uncorrectable memory errors over the life of this GPU",
            f"uncorrected errors, aggregate: {count}",
            fix=fix("watch-memory"),
        )


@gpu_rule(
    "MEM002",
    "row-remap-pending",
    "Row remapping is pending a reset",
    worst="warning",
    source=REMAP,
    remedies=("reset-gpu", "keep-ecc-then-reset"),
)
def remap_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """A memory row has failed and its replacement takes effect only when this GPU is reset."""
    rows = there(gpu.remapped_rows)
    # nvml.h, nvmlDeviceGetRemappedRows: corrRows, uncRows, isPending, failureOccurred
    if rows and rows[2]:
        yield warning(
            "a failed memory row will be replaced at the next reset",
            f"remapped rows: {rows[0]} correctable, {rows[1]} uncorrectable, pending",
            *(
                f"inactive: {rows[0]} correctable, {rows[1]} uncorrectable"
                for rows in [either(gpu.inactive_rows)]
                if rows
            ),
            fix=reset(gpu),
        )


@gpu_rule("MEM003", "row-remap-failed", "Row remapping failed", worst="error", source=REMAP, remedies=("service",))
def remap_failed(machine: Machine, gpu: Gpu) -> RuleResults:
    """A row of this GPU's memory failed and no spare row was left for it; NVIDIA's policy is to replace the card."""
    rows = there(gpu.remapped_rows)
    # failureOccurred: a remapping has failed at some time, maybe before this start (nvml.h)
    if rows and rows[3]:
        yield error(
            "a failed memory row could not be replaced: the card needs service",
            f"remapped rows: {rows[0]} correctable, {rows[1]} uncorrectable, failure flag set",
            fix=fix("service"),
        )


@gpu_rule(
    "MEM004",
    "page-retirement-pending",
    "Page retirement is pending a reset",
    worst="warning",
    source=RETIRE,
    remedies=("reset-gpu", "keep-ecc-then-reset"),
)
def retirement_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """Pages of this GPU's memory are marked bad and will be left out after the next reset or restart."""
    if there(gpu.retired_pending):
        yield warning(
            "bad memory pages will be retired at the next reset",
            "retired pages: pending",
            fix=reset(gpu),
        )


@gpu_rule(
    "MEM005",
    "ecc-disabled",
    "ECC is disabled on a data-centre GPU",
    worst="warning",
    source="NVIDIA driver README; nvidia-smi(1), --ecc-config",
    remedies=("enable-ecc",),
)
def ecc_off(machine: Machine, gpu: Gpu) -> RuleResults:
    """This data-centre GPU can detect and correct memory errors, but ECC is off: a flipped bit goes unnoticed into the
    results. Cards for desktops are delivered with ECC off, so nothing is said of them.
    """
    # None where the chip has no ECC at all, as on most GeForce cards
    if there(gpu.ecc) is False and is_datacentre(machine, gpu):
        yield warning(
            "ECC is off: a flipped bit in memory goes unnoticed",
            "ECC mode: disabled",
            fix=fix("enable-ecc", index=str(gpu.index)),
        )
