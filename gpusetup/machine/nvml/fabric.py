"""The NVLink fabric, and the links of a GPU: NVLink by link, C2C to the processor of its superchip."""

from __future__ import annotations

import ctypes
from typing import Any

from gpusetup.machine.model import LinkCounters
from gpusetup.machine.nvml.ask import FUNCTION_NOT_FOUND, NOT_SUPPORTED, Asks, Device, QueryError, answered
from gpusetup.machine.nvml.convert import MANY_ERRORS, flag, within
from gpusetup.machine.nvml.field_values import CALL, field_values, supported_values
from gpusetup.machine.nvml.several import nvlinks

ARGUMENT_VERSION_MISMATCH = 25
STATE_NOT_SUPPORTED = 0
INFO = "nvmlDeviceGetGpuFabricInfo"
INFO_V = "nvmlDeviceGetGpuFabricInfoV"
STRUCTURES = ("c_nvmlGpuFabricInfo_v3_t", "c_nvmlGpuFabricInfo_v2_t")
"""The newest first: version 3 adds the summary (driver 580), version 2 the mask (driver 550)."""
SPEED = 164  # NVML_FI_DEV_NVLINK_GET_SPEED
# ten terabytes a second: a hundred times a link of NVLink 5
MANY_MEGABYTES = 10_000_000
# NVML_FI_DEV_C2C_LINK_COUNT and _GET_STATUS
C2C_COUNT, C2C_STATUS = 170, 171
# a bound on nonsense: nvml.h has no maximum, and each link costs a query
MANY_C2C_LINKS = 64
OF_ONE_LINK = {
    "recovered": 213,  # NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS
    "recovery_failed": 214,  # NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS
    "malformed": 206,  # NVML_FI_DEV_NVLINK_COUNT_MALFORMED_PACKET_ERRORS
    "overruns": 207,  # NVML_FI_DEV_NVLINK_COUNT_BUFFER_OVERRUN_ERRORS
    "integrity": 211,  # NVML_FI_DEV_NVLINK_COUNT_LOCAL_LINK_INTEGRITY_ERRORS
    "effective": 219,  # NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_ERRORS
}
# NVML_FI_DEV_C2C_LINK_ERROR_INTR, _REPLAY and _REPLAY_B2B
C2C_ERRORS = {"interrupts": 231, "replays": 232, "replays back to back": 233}


def fabric(driver: Asks, device: Device) -> tuple[int, int]:
    """Return state and status of the GPU's registration; most GPUs know of no fabric."""
    info = answered(device, _info, driver)
    return int(info.state), within(0, 999)(info.status)


def health_mask(driver: Asks, device: Device) -> int:
    """Return the mask of what is wrong with the GPU's part of the fabric (``NVML_GPU_FABRIC_HEALTH_MASK_…``)."""
    return within(0, (1 << 32) - 1)(_member(driver, answered(device, _info, driver), "healthMask"))


def health_summary(driver: Asks, device: Device) -> int:
    """Return the summary of that health: 1 healthy, 2 unhealthy, 3 limited capacity."""
    summary = within(0, 3)(_member(driver, answered(device, _info, driver), "healthSummary"))
    # 0 is NVML_GPU_FABRIC_HEALTH_SUMMARY_NOT_SUPPORTED, which is no health
    if not summary:
        raise driver.refusal(INFO_V, NOT_SUPPORTED)
    return summary


def clique(driver: Asks, device: Device) -> int:
    """Return the clique: GPUs reach the memory of those of their own clique over NVLink."""
    return within(0, (1 << 32) - 1)(answered(device, _info, driver).cliqueId)


def cluster(driver: Asks, device: Device) -> str:
    """Return the UUID of the NVLink domain, "" for the zeros of a machine that is a domain by itself."""
    # 16 bytes as they lie there (nvml.h, NVML_GPU_FABRIC_UUID_LEN); nvidia-smi writes them in the same order
    raw = bytes(answered(device, _info, driver).clusterUuid).hex()
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:])) if raw.strip("0") else ""


def _member(driver: Asks, info: Any, name: str) -> int:
    value = getattr(info, name, None)
    if value is None:  # an older structure
        raise driver.refusal(INFO_V, NOT_SUPPORTED)
    return int(value)


def _info(driver: Asks, device: Device) -> Any:
    """Return the newest structure that library and binding both know; raises `QueryError` for a GPU without fabric."""
    for name in STRUCTURES:
        structure = getattr(driver.nvml, name, None)
        if structure is None:  # nvidia-ml-py before 13.580 has no version 3
            continue
        try:
            return _filled(driver, device, INFO_V, structure())
        except QueryError as error:
            if error.unread.code not in {ARGUMENT_VERSION_MISMATCH, FUNCTION_NOT_FOUND}:
                raise
    return _filled(driver, device, INFO, driver.nvml.c_nvmlGpuFabricInfo_t())


def _filled(driver: Asks, device: Device, function: str, info: Any) -> Any:
    driver.call(function, device.handle, ctypes.byref(info))
    if within(0, 3)(info.state) == STATE_NOT_SUPPORTED:
        raise driver.refusal(function, NOT_SUPPORTED)
    return info


def link_counters(driver: Asks, device: Device) -> tuple[LinkCounters, ...]:
    """Return the counters of each NVLink that is up; only links of the fifth generation (Blackwell) have these.

    Their bit error rates are not asked for: DCGM 4.7 took its checks of them out, since they failed healthy GPUs
    (github.com/NVIDIA/NVSentinel, release 1.27.0).
    """
    return tuple(_of_link(driver, device, link) for link in _up(driver, device))


def link_speeds(driver: Asks, device: Device) -> tuple[int, ...]:
    """Return the speed of each NVLink that is up, in megabytes per second."""
    speeds = field_values(driver, device, [(SPEED, link) for link in _up(driver, device)])
    return tuple(map(within(1, MANY_MEGABYTES), speeds))


def _up(driver: Asks, device: Device) -> list[int]:
    """Return the numbers of the links that are up; raises `QueryError` where none is."""
    up = [link for link, active in enumerate(answered(device, nvlinks, driver)) if active]
    if not up:
        raise driver.refusal(CALL, NOT_SUPPORTED)
    return up


def _of_link(driver: Asks, device: Device, link: int) -> LinkCounters:
    answers = field_values(driver, device, [(field, link) for field in OF_ONE_LINK.values()])
    count = within(0, MANY_ERRORS)
    return LinkCounters(link=link, **{name: count(value) for name, value in zip(OF_ONE_LINK, answers, strict=True)})


def c2c_links(driver: Asks, device: Device) -> tuple[bool, ...]:
    """Return the state of each link to the processor of the same superchip (GH200, GB200)."""
    (count,) = field_values(driver, device, [C2C_COUNT])
    links = range(within(0, MANY_C2C_LINKS)(count))
    if not links:
        raise driver.refusal(CALL, NOT_SUPPORTED)
    return tuple(flag(state) for state in field_values(driver, device, [(C2C_STATUS, link) for link in links]))


def c2c_errors(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return the error counters of these links together."""
    count = within(0, MANY_ERRORS)
    return tuple((name, count(value)) for name, value in supported_values(driver, device, C2C_ERRORS))
