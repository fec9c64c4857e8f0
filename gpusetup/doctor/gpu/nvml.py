"""NVML's return codes and bit masks by name (nvml.h of the NVIDIA driver)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gpusetup.doctor.rule import failure
from gpusetup.machine.model import Gpu, Machine, Reading, Unread

NO_PERMISSION = 4
INSUFFICIENT_POWER = 8
DRIVER_NOT_LOADED = 9
IRQ_ISSUE = 11
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
CORRUPTED_INFOROM = 14
GPU_IS_LOST = 15
RESET_REQUIRED = 16
OPERATING_SYSTEM = 17
LIB_RM_VERSION_MISMATCH = 18
UNKNOWN = 999

MEANING = {
    1: "NVML was not initialised",
    2: "an argument was refused",
    3: "not supported",
    4: "no permission",
    5: "already initialised",
    6: "not found",
    7: "a buffer is too small",
    8: "a GPU's power cables are not connected",
    9: "the NVIDIA driver is not loaded",
    10: "a call timed out inside the driver",
    11: "the kernel has an interrupt problem with a GPU",
    12: "the NVML library cannot be found or loaded",
    13: "the library lacks this function: it is older than the program that asks",
    14: "the GPU's InfoROM is corrupted",
    15: "a GPU has fallen off the bus or is otherwise inaccessible",
    16: "a GPU must be reset before it can be used again",
    17: "the operating system or cgroup blocks the GPU",
    18: "the driver's library and kernel module have different versions",
    19: "the GPU is in use",
    20: "not enough memory",
    21: "no data",
    22: "ECC is not supported with vGPU",
    23: "insufficient resources, other than memory",
    24: "a clock frequency is not supported",
    25: "the driver does not support this version of an argument",
    26: "the function is deprecated",
    27: "the system is not ready",
    28: "no GPU was found",
    29: "the state is invalid",
    30: "this type of reset is not supported",
    999: "an unknown error inside the driver",
}
"""nvmlReturn_t of nvml.h, as nvidia-ml-py 13.615 has it; a test holds the table to that."""

SOURCE = "nvml.h, nvmlReturn_t (NVIDIA NVML reference)"

THROTTLE_POWER_CAP = 0x4
THROTTLE_HW_SLOWDOWN = 0x8
THROTTLE_SW_THERMAL = 0x20
THROTTLE_HW_THERMAL = 0x40
THROTTLE_POWER_BRAKE = 0x80
EVENT_SOURCE = "nvml.h, nvmlClocksEventReasons (NVIDIA NVML reference)"

# pynvml: "support removed"; a driver of before CUDA 8 still reports it
COMPUTE_EXCLUSIVE_THREAD = 1
COMPUTE_EXCLUSIVE_PROCESS = 3
COMPUTE_PROHIBITED = 2


SILENT = "DRV001 speaks of an NVML that does not answer"
UNANSWERED = "ANS001 and ANS002 speak of a question without an answer"


def meaning(code: int | None) -> str:
    """Return what the return code says, in words."""
    return "no return code" if code is None else MEANING.get(code, f"return code {code}, not in the table")


def refusal(machine: Machine, *codes: int) -> Unread | None:
    """Return the answer with which NVML as a whole refused, when its code is one of `codes`."""
    why = failure(machine.gpus, SILENT)
    return why if why and why.code in codes else None


def complaint(gpu: Gpu, *codes: int) -> Unread | None:
    """Return the first of this GPU's readings that failed with one of `codes`."""
    unread = (failure(reading, UNANSWERED) for reading in readings(gpu) if isinstance(reading, Unread))
    return next((one for one in unread if one and one.code in codes), None)


def readings(gpu: Gpu) -> Iterator[Reading[object]]:
    """Yield everything that this GPU was asked."""
    return iter(msgspec.structs.astuple(gpu))
