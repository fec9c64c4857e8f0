"""REC: recovery actions and error counts that call for service."""

from __future__ import annotations

from gpusetup.doctor.resets import reset
from gpusetup.doctor.rule import Fix, RuleResults, error, fix, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine

DCGM = "github.com/NVIDIA/DCGM: diagnostics (thresholds of the software plugin)"
ACTIONS = {
    1: "to reset the GPU",
    2: "to restart the machine",
    3: "to drain its peer-to-peer work",
    4: "to end its work and then reset it",
    5: "to recover the domain of its shared memory (IMEX)",
    6: "to reset its bus",
    7: "to restart the whole system",
}
RESTARTS, DRAINS = {2, 7}, {3}
OTHERS = {5: "recover-imex", 6: "reset-bus"}
RETIRED_LIMIT = 63
DOUBLE_BIT_LIMIT = 15
REMAP_LIMIT = 512


@gpu_rule(
    "REC001",
    "recovery-action",
    "The driver requests a recovery action",
    worst="error",
    source="nvml.h, nvmlDeviceGpuRecoveryAction_t",
    remedies=(
        "drain-gpu",
        "keep-ecc-then-reset",
        "recover-imex",
        "reset-bus",
        "reset-gpu",
        "restart-machine",
    ),
)
def action(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver itself says what this GPU needs before it can be used safely: to be reset, to have its peer-to-peer
    work drained, its IMEX domain or its bus recovered, or a restart of the machine. A reset does none of the others.
    """
    asked = there(gpu.recovery_action)
    if asked:
        yield error(
            f"the driver asks {ACTIONS.get(asked, f'for action {asked}')}",
            f"recovery action: {asked}",
            fix=_remedy(asked, gpu),
        )


def _remedy(asked: int, gpu: Gpu) -> Fix:
    if asked in RESTARTS:
        return fix("restart-machine")
    if asked in DRAINS:
        return fix("drain-gpu")
    return fix(OTHERS[asked], index=str(gpu.index)) if asked in OTHERS else reset(gpu)


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
    """Somebody switched ECC on or off; it takes effect when the GPU is reset, and changes the memory that is free.

    Where it will be off, any reset, also one for another reason, takes the protection away for good.
    """
    now, then = there(gpu.ecc), there(gpu.ecc_pending)
    if now is not None and then is not None and now != then:
        yield warning(
            f"ECC will be {'on' if then else 'off'} after the next reset",
            f"now {'on' if now else 'off'}, pending {'on' if then else 'off'}",
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
