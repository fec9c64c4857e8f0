"""What newer drivers say of a GPU's health: repairs, margins, time spent throttled, PCIe errors, its place."""

from __future__ import annotations

import ctypes

from gpusetup.machine.nvml.ask import NOT_SUPPORTED, Asks, Device, QueryError
from gpusetup.machine.nvml.convert import MANY_ERRORS, flag, within
from gpusetup.machine.nvml.field_values import field_values, supported_values

TEMPERATURE_MARGINS = {"shutdown": 193, "slowdown": 194, "memory": 195, "operating": 196}
"""NVML_FI_DEV_TEMPERATURE_…_TLIMIT: degrees of margin at which each limit takes hold; below zero is beyond."""
PCIE_ERRORS = {
    "correctable": 173,
    "receiver": 175,
    "bad TLP": 176,
    "bad DLLP": 178,
    "non-fatal": 179,
    "fatal": 180,
    "LCRC": 182,
    "lane": 183,
}
"""NVML_FI_DEV_PCIE_COUNT_…; unsupported requests (181) are left out: a probe of an absent function makes one."""
THROTTLED = {"hardware thermal": 270, "power brake": 271}
"""NVML_FI_DEV_CLOCKS_EVENT_REASON_…, nanoseconds since the driver was loaded."""
POLICIES = {"thermal": 1, "board limit": 3, "reliability": 5}
"""nvmlPerfPolicyType_t. Power (0) is how a GPU under load is run, and low utilisation (4) is no fault."""
# NVML_FI_DEV_ACTIVE_BANK_REMAPPINGS to _PENDING_BANK_REMAPPING; 305 counts the groups with all their spares
BANKS = {"active": 303, "inactive": 304, "no spares": 306, "pending": 307}
PLACE = {"slot": "slotNumber", "tray": "trayIndex", "host": "hostId", "module": "moduleId"}
"""The chassis' serial number and the InfiniBand GUID beside these name the machine, and no rule needs them."""
# nanoseconds; a counter beyond it is nonsense
CENTURY = 100 * 365 * 86_400 * 10**9
CALL_VIOLATIONS = "nvmlDeviceGetViolationStatus"


def temperature_margins(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return where the limits take hold, in degrees of margin."""
    margin = within(-200, 200)
    return tuple((name, margin(value)) for name, value in supported_values(driver, device, TEMPERATURE_MARGINS))


def pcie_errors(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return the errors of the PCIe link that this GPU counts."""
    count = within(0, MANY_ERRORS)
    return tuple((name, count(value)) for name, value in supported_values(driver, device, PCIE_ERRORS))


def throttled(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return for how many milliseconds each protection has held the clocks down since the driver was loaded."""
    found = [(name, time) for name, policy in POLICIES.items() if (time := _violation(driver, device, policy)) >= 0]
    found += _counted(driver, device)
    if not found:
        raise driver.refusal(CALL_VIOLATIONS, NOT_SUPPORTED)
    convert = within(0, CENTURY)
    return tuple((name, convert(nanoseconds) // 1_000_000) for name, nanoseconds in found)


def _violation(driver: Asks, device: Device, policy: int) -> int:
    """Return nanoseconds, -1 where this GPU has no such policy."""
    try:
        return int(driver.call(CALL_VIOLATIONS, device.handle, policy).violationTime)
    except QueryError as error:
        if error.unread.code != NOT_SUPPORTED:
            raise
        return -1


def _counted(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return the nanoseconds of the reasons that have a field, none on a driver before 570."""
    try:
        return supported_values(driver, device, THROTTLED)
    except QueryError as error:
        if error.unread.code != NOT_SUPPORTED:
            raise
        return ()


def repairs(driver: Asks, device: Device) -> tuple[bool, bool]:
    """Return whether the repair of a memory channel and of a TPC waits for a reset."""
    channel, tpc = driver.call("nvmlDeviceGetRepairStatus", device.handle)
    return flag(channel), flag(tpc)


def inactive_rows(driver: Asks, device: Device) -> tuple[int, int]:
    """Return the remappings of rows that are recorded and not in use: for corrected and for uncorrected errors."""
    # NVML_FI_DEV_REMAPPED_ROWS_COR_INACTIVE and _UNC_INACTIVE
    corrected, uncorrected = map(within(0, 1_000_000), field_values(driver, device, (301, 302)))
    return corrected, uncorrected


def bank_remaps(driver: Asks, device: Device) -> tuple[int, int, int, bool]:
    """Return remapped banks in use and not in use, groups without a spare bank, and whether one waits for a reset."""
    active, inactive, without, waits = field_values(driver, device, BANKS.values())
    count = within(0, 1_000_000)
    return count(active), count(inactive), count(without), flag(waits)


def place(driver: Asks, device: Device) -> tuple[tuple[str, int], ...]:
    """Return where in its rack the GPU sits (nvmlPlatformInfo_v2_t)."""
    structure = getattr(driver.nvml, "c_nvmlPlatformInfo_v2_t", None)
    if structure is None:  # nvidia-ml-py before 13.570
        raise driver.refusal("nvmlDeviceGetPlatformInfo", NOT_SUPPORTED)
    info = structure()
    driver.call("nvmlDeviceGetPlatformInfo", device.handle, ctypes.byref(info))
    return tuple((name, ord(getattr(info, member))) for name, member in PLACE.items())


def module_id(driver: Asks, device: Device) -> int:
    """Return the GPU's place on its baseboard; 0 is how a card that sits on none answers."""
    number = within(0, 255)(driver.call("nvmlDeviceGetModuleId", device.handle))
    if not number:
        raise driver.refusal("nvmlDeviceGetModuleId", NOT_SUPPORTED)
    return number


def inforom_valid(driver: Asks, device: Device) -> bool:
    """Return True when the InfoROM passes the driver's own validation; a corrupted one is NVML's error 14."""
    driver.call("nvmlDeviceValidateInforom", device.handle)
    return True
