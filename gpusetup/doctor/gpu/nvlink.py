"""NVLink: generations, the mask of the fabric's health, and which remedy a system needs."""

from __future__ import annotations

from collections.abc import Mapping

from gpusetup.doctor.rule import Fix, fix, known, optional, there
from gpusetup.machine.model import Gpu, Machine
from gpusetup.versions import capability

FABRIC_SOURCE = "nvml.h, NVML_GPU_FABRIC_HEALTH_MASK_* and NVML_GPU_FABRIC_HEALTH_SUMMARY_*"
UNHEALTHY, LIMITED = 2, 3
"""NVML_GPU_FABRIC_HEALTH_SUMMARY_…: 1 is healthy."""
UNDEFINED = "undefined"
FIFTH = ("10.0", "11.0")
"""Compute capabilities from and below which a GPU's NVLinks are of the fifth generation: B200, GB200, B300, GB300.
Other Blackwell GPUs (12.x) have none; Rubin (10.7) counts with them, since its links are configured the same way."""
GRACE = "aarch64"

TWO_BITS: tuple[tuple[str, int, int, str, str], ...] = (
    ("degraded bandwidth", 0, 1, "error", "NVLink bandwidth of this GPU is degraded"),
    ("route recovery", 2, 1, "warning", "an NVLink route of this GPU is being recovered"),
    ("route unhealthy", 4, 1, "error", "an NVLink route of this GPU is unhealthy"),
    ("access timeout recovery", 6, 1, "warning", "an NVLink access timeout of this GPU is being recovered"),
    ("partition assigned", 12, 2, "warning", "this GPU is assigned to no NVLink partition"),
    ("global fabric manager", 14, 2, "error", "the global fabric manager is disconnected"),
)
"""Field, its shift in the mask, the value that is bad, how bad, and in words. 0 is "not supported"; the other of 1 and
2 is well, and 3 is not defined."""
CONFIGURATION = "incorrect configuration"
CONFIGURATIONS: Mapping[int, str] = {
    2: "the system's GUID is wrong",
    3: "the chassis' serial number is wrong",
    4: "the GPU is in no partition",
    5: "the GPU has too few NVLinks",
    6: "the GPU's firmware is incompatible",
    7: "the GPU is at an invalid location",
    8: "the GPU's state is invalid",
}
"""NVML_GPU_FABRIC_HEALTH_MASK_INCORRECT_CONFIGURATION_… in bits 8 to 11; 0 is "not supported", 1 is none."""


def mask_problems(mask: int) -> list[tuple[str, str, str]]:
    """Return (field, severity or ``undefined``, words) of each field of a fabric's health mask that is not well."""
    found = []
    for field, shift, bad, severity, words in TWO_BITS:
        value = mask >> shift & 3
        if value == bad:
            found.append((field, severity, words))
        elif value == 3:
            found.append((field, UNDEFINED, ""))
    configuration = mask >> 8 & 15
    if configuration > 1:
        words = CONFIGURATIONS.get(configuration, "")
        found.append((CONFIGURATION, "error" if words else UNDEFINED, f"the NVLink fabric is misconfigured: {words}"))
    return found


def has_fifth_generation(gpu: Gpu) -> bool:
    """Say whether the GPU's NVLinks are of the fifth generation, which a GPU without links is not."""
    cc = there(gpu.compute_capability)
    fifth = bool(cc) and capability(FIFTH[0]) <= capability(str(cc)) < capability(FIFTH[1])
    return fifth and bool(there(gpu.nvlinks))


def is_baseboard(machine: Machine) -> bool:
    """Say whether the GPUs sit on a baseboard with NVSwitches of the fourth generation (HGX B200 and newer).

    These switches are no NVSwitches on the PCI bus. Beside a Grace processor the fabric manager runs elsewhere.
    """
    because = "a GPU that does not answer is no sign of such a baseboard, and its own rules speak of it"
    gpus = known(machine.gpus)
    if len(gpus) < 2 or machine.system.arch == GRACE:
        return False
    answered = [gpu for gpu in gpus if optional(gpu.compute_capability, because) and optional(gpu.nvlinks, because)]
    return any(has_fifth_generation(gpu) for gpu in answered)


def fabric_fix(machine: Machine, gpu: Gpu) -> Fix:
    """Return what registers a GPU: the fabric manager, with its parts for NVLink 5, or that of the NVLink domain."""
    if not has_fifth_generation(gpu):
        return fix("fabric-manager")
    return fix("nvlink-domain" if machine.system.arch == GRACE else "fabric-manager-nvlink5")
