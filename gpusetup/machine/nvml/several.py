"""Fields that take several calls, or a structure."""

from __future__ import annotations

import ctypes
from typing import Any

from gpusetup.machine.model import MigDevice, Peer, Process
from gpusetup.machine.nvml import convert
from gpusetup.machine.nvml.ask import INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, Asks, Device, QueryError
from gpusetup.machine.nvml.convert import MANY_BYTES, MANY_ERRORS, within
from gpusetup.machine.nvml.field_values import field_values

SINGLE_BIT, DOUBLE_BIT = 0, 1
P2P_READ = 0
CLOCK_SM = 1
RECOVERY_ACTION = 230  # NVML_FI_DEV_GET_GPU_RECOVERY_ACTION
MEMORY_TEMPERATURE = 82  # NVML_FI_DEV_MEMORY_TEMP
NVLINK_ERRORS = (38, 52, 59)  # NVML_FI_DEV_NVLINK_{CRC_FLIT,REPLAY,RECOVERY}_ERROR_COUNT_TOTAL
# NVML_NVLINK_MAX_LINKS is 36 in nvidia-ml-py 13.615.71 (18 in older headers); the loop ends at the first that does not
# exist
MANY_LINKS = 64
# a bound on nonsense: a GPU has at most seven compute instances (MIG user guide)
MANY_SLICES = 64
MANY_PIDS = 1 << 22  # the kernel's own limit


def retired_pages(driver: Asks, device: Device) -> tuple[int, int]:
    """Return how many pages were retired for each cause."""
    single, double = (
        len(driver.call("nvmlDeviceGetRetiredPages", device.handle, cause)) for cause in (SINGLE_BIT, DOUBLE_BIT)
    )
    return single, double


def processes(driver: Asks, device: Device) -> tuple[Process, ...]:
    """Return the processes that compute, then those that draw, where the GPU can tell."""
    # a process that computes and draws is in both lists
    found = [_process(each, False) for each in driver.call("nvmlDeviceGetComputeRunningProcesses", device.handle)]
    try:
        drawing = driver.call("nvmlDeviceGetGraphicsRunningProcesses", device.handle)
    except QueryError as error:
        if error.unread.code != NOT_SUPPORTED:
            raise
        drawing = []
    return (*found, *(_process(each, True) for each in drawing))


def _process(told: Any, graphics: bool) -> Process:
    # None where the kernel hides it: under WDDM, and from other users' processes
    memory = None if told.usedGpuMemory is None else within(0, MANY_BYTES)(told.usedGpuMemory)
    return Process(pid=within(0, MANY_PIDS)(told.pid), memory=memory, graphics=graphics)


def nvlinks(driver: Asks, device: Device) -> tuple[bool, ...]:
    """Return the state of each link, up to the first that the GPU does not have."""
    states: list[bool] = []
    for link in range(MANY_LINKS):
        try:
            states.append(convert.flag(driver.call("nvmlDeviceGetNvLinkState", device.handle, link)))
        except QueryError as error:
            if not states or error.unread.code not in {INVALID_ARGUMENT, NOT_SUPPORTED}:
                raise
            break
    return tuple(states)


def mig_devices(driver: Asks, device: Device) -> tuple[MigDevice, ...]:
    """Return the slices of a GPU in MIG mode, none where the mode is off; slots may be empty."""
    if not convert.current(driver.call("nvmlDeviceGetMigMode", device.handle)):
        return ()
    slots = within(0, MANY_SLICES)(driver.call("nvmlDeviceGetMaxMigDeviceCount", device.handle))
    found = ((slot, _slice_handle(driver, device, slot)) for slot in range(slots))
    return tuple(_slice(driver, slot, handle) for slot, handle in found if handle is not None)


def _slice_handle(driver: Asks, device: Device, slot: int) -> Any:
    try:
        return driver.call("nvmlDeviceGetMigDeviceHandleByIndex", device.handle, slot)
    except QueryError as error:
        if error.unread.code != NOT_FOUND:
            raise
        return None


def _slice(driver: Asks, slot: int, handle: Any) -> MigDevice:
    return MigDevice(
        index=slot,
        name=driver.part(lambda: convert.text(driver.call("nvmlDeviceGetName", handle))),
        uuid=driver.part(lambda: convert.text(driver.call("nvmlDeviceGetUUID", handle))),
        memory_total=driver.part(lambda: convert.total(driver.call("nvmlDeviceGetMemoryInfo", handle))),
        gpu_instance=driver.part(lambda: within(0, MANY_SLICES)(driver.call("nvmlDeviceGetGpuInstanceId", handle))),
        compute_instance=driver.part(
            lambda: within(0, MANY_SLICES)(driver.call("nvmlDeviceGetComputeInstanceId", handle))
        ),
    )


def recovery_action(driver: Asks, device: Device) -> int:
    """Return what the driver asks to do with this GPU."""
    (value,) = field_values(driver, device, [RECOVERY_ACTION])
    # nvidia-ml-py 13.615 has 0 to 7; a newer driver may have more, and REC001 says that it does not know them
    return within(0, 31)(value)


def memory_temperature(driver: Asks, device: Device) -> int:
    """Return the temperature of the memory; 0 is how cards without that sensor answer."""
    (value,) = field_values(driver, device, [MEMORY_TEMPERATURE])
    if value == 0:
        raise driver.refusal("nvmlDeviceGetFieldValues", NOT_SUPPORTED)
    return within(1, 200)(value)


def nvlink_errors(driver: Asks, device: Device) -> tuple[int, int, int]:
    """Return the counts of all links together."""
    checksum, replay, recovery = map(within(0, MANY_ERRORS), field_values(driver, device, NVLINK_ERRORS))
    return checksum, replay, recovery


def sram_errors(driver: Asks, device: Device) -> tuple[int, int, bool]:
    """Return the errors of on-chip memory over the card's life (nvmlEccSramErrorStatus_t, version 1)."""
    status = driver.nvml.c_nvmlEccSramErrorStatus_v1_t()
    status.version = driver.nvml.nvmlEccSramErrorStatus_v1
    driver.call("nvmlDeviceGetSramEccErrorStatus", device.handle, ctypes.byref(status))
    count = within(0, MANY_ERRORS)
    uncorrected = count(status.aggregateUncParity) + count(status.aggregateUncSecDed)
    return count(status.aggregateCor), uncorrected, convert.flag(status.bThresholdExceeded)


def application_clock(driver: Asks, device: Device) -> tuple[int, int]:
    """Return the clock that programs are given and the default."""
    now, default = (
        within(1, 20_000)(driver.call(function, device.handle, CLOCK_SM))
        for function in ("nvmlDeviceGetApplicationsClock", "nvmlDeviceGetDefaultApplicationsClock")
    )
    return now, default


def vgpus(driver: Asks, device: Device) -> int:
    """Return how many vGPUs run on this GPU; only a host of vGPUs knows any."""
    return len(driver.call("nvmlDeviceGetActiveVgpus", device.handle))


def peers(driver: Asks, device: Device) -> tuple[Peer, ...]:
    """Return how the GPUs that come after this one are reached: each pair is asked once."""
    return tuple(_peer(driver, device.handle, index, other) for index, other in device.after)


def _peer(driver: Asks, handle: Any, index: int, other: Any) -> Peer:
    return Peer(
        index=index,
        level=driver.part(lambda: _level(driver.call("nvmlDeviceGetTopologyCommonAncestor", handle, other))),
        p2p_read=driver.part(lambda: _p2p(driver.call("nvmlDeviceGetP2PStatus", handle, other, P2P_READ))),
    )


_level = within(0, 50)
_p2p = within(0, 6)
