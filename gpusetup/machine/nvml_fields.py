"""What NVML is asked, field by field, and what counts as an answer.

A converter gets the results of the field's calls and returns the value, or raises `NonsenseError`: a driver in trouble
answers "success" with values that cannot be, and those must not pass for readings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

TEMPERATURE_GPU = 0
THRESHOLD_SLOWDOWN = 1
CLOCK_SM = 1
UNCORRECTED = 1
AGGREGATE = 1
MANY_BYTES = 1 << 50
MANY_ERRORS = 1 << 40


class NonsenseError(Exception):
    """The driver answered "success" with a value that cannot be."""


class Call(NamedTuple):
    """One NVML function and its arguments after the device; `older` is its name before it was renamed."""

    function: str
    arguments: tuple[Any, ...] = ()
    older: str = ""


class Field(NamedTuple):
    """How one field of the model is read: all `calls`, then `convert` over their results."""

    calls: tuple[Call, ...]
    convert: Callable[..., Any]


def _field(convert: Callable[..., Any], function: str, *arguments: Any, older: str = "") -> Field:
    return Field((Call(function, arguments, older),), convert)


def _text(value: Any) -> str:
    raw = value if isinstance(value, bytes) else str(value).encode(errors="surrogateescape")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError as error:
        raise NonsenseError(f"not text: {raw[:40]!r}") from error
    if not text or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise NonsenseError(f"not text: {raw[:40]!r}")
    return text


def _within(low: int, high: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        number = int(value)
        if not low <= number <= high:
            raise NonsenseError(f"{number} is not between {low} and {high}")
        return number

    return convert


def _flag(value: Any) -> bool:
    return bool(_within(0, 1)(value))


def _current_flag(pair: Any) -> bool:
    return _flag(pair[0])


def _watts(milliwatts: Any) -> float:
    return _within(0, 20_000_000)(milliwatts) / 1000


def _cuda(number: Any) -> str:
    whole = _within(1000, 99_999)(number)
    return f"{whole // 1000}.{whole % 1000 // 10}"


def _capability(pair: Any) -> str:
    major, minor = pair
    return f"{_within(1, 99)(major)}.{_within(0, 9)(minor)}"


def _address(info: Any) -> str:
    """Return NVML's ``00000000:01:00.0`` the way sysfs writes it, ``0000:01:00.0``."""
    domain, _, rest = _text(info.busId).lower().partition(":")
    try:
        return f"{int(domain, 16):04x}:{rest}"
    except ValueError as error:
        raise NonsenseError(f"not a PCI address: {domain}:{rest}") from error


def _total(memory: Any) -> int:
    return _within(1, MANY_BYTES)(memory.total)


def _used(memory: Any) -> int:
    return _within(0, _total(memory))(memory.used)


def _rows(answer: Any) -> tuple[int, int, bool, bool]:
    corrected, uncorrected, pending, failure = answer
    count = _within(0, 1_000_000)
    return count(corrected), count(uncorrected), _flag(pending), _flag(failure)


def _pair(high: int) -> Callable[[Any, Any], tuple[int, int]]:
    def convert(current: Any, most: Any) -> tuple[int, int]:
        return _within(0, high)(current), _within(1, high)(most)

    return convert


SYSTEM: Mapping[str, Field] = {
    "nvml": _field(_text, "nvmlSystemGetDriverVersion"),
    "nvml_library": _field(_text, "nvmlSystemGetNVMLVersion"),
    "cuda": _field(_cuda, "nvmlSystemGetCudaDriverVersion_v2"),
}

GPU: Mapping[str, Field] = {
    "name": _field(_text, "nvmlDeviceGetName"),
    "uuid": _field(_text, "nvmlDeviceGetUUID"),
    "pci_address": _field(_address, "nvmlDeviceGetPciInfo"),
    "compute_capability": _field(_capability, "nvmlDeviceGetCudaComputeCapability"),
    "memory_total": _field(_total, "nvmlDeviceGetMemoryInfo"),
    "memory_used": _field(_used, "nvmlDeviceGetMemoryInfo"),
    "temperature": _field(_within(-60, 200), "nvmlDeviceGetTemperature", TEMPERATURE_GPU),
    "temperature_limit": _field(_within(1, 200), "nvmlDeviceGetTemperatureThreshold", THRESHOLD_SLOWDOWN),
    "power": _field(_watts, "nvmlDeviceGetPowerUsage"),
    "power_limit": _field(_watts, "nvmlDeviceGetEnforcedPowerLimit"),
    "clock_sm": _field(_within(0, 20_000), "nvmlDeviceGetClockInfo", CLOCK_SM),
    "clock_sm_max": _field(_within(1, 20_000), "nvmlDeviceGetMaxClockInfo", CLOCK_SM),
    "throttle_reasons": _field(
        _within(0, (1 << 16) - 1),
        "nvmlDeviceGetCurrentClocksEventReasons",
        older="nvmlDeviceGetCurrentClocksThrottleReasons",
    ),
    "persistence": _field(_flag, "nvmlDeviceGetPersistenceMode"),
    "compute_mode": _field(_within(0, 3), "nvmlDeviceGetComputeMode"),
    "ecc": _field(_current_flag, "nvmlDeviceGetEccMode"),
    "ecc_uncorrected": _field(_within(0, MANY_ERRORS), "nvmlDeviceGetTotalEccErrors", UNCORRECTED, AGGREGATE),
    "retired_pending": _field(_flag, "nvmlDeviceGetRetiredPagesPendingStatus"),
    "remapped_rows": _field(_rows, "nvmlDeviceGetRemappedRows"),
    "mig": _field(_current_flag, "nvmlDeviceGetMigMode"),
    "pcie_gen": Field(
        (Call("nvmlDeviceGetCurrPcieLinkGeneration"), Call("nvmlDeviceGetMaxPcieLinkGeneration")), _pair(10)
    ),
    "pcie_width": Field((Call("nvmlDeviceGetCurrPcieLinkWidth"), Call("nvmlDeviceGetMaxPcieLinkWidth")), _pair(64)),
}
