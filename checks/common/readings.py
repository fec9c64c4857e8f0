"""What a device says of itself while it works: clocks, heat, power, errors. A worker has no gpusetup, so it asks here.

A GPU is asked through NVML, by ctypes (NVML API reference, "Device Queries"); of a host the kernel's files are read:
thermal zones, cpufreq, EDAC, RAPL. A reading that cannot be had is absent, with the reason: never 0.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from pathlib import Path

Readings = dict[str, float]

_TEMPERATURE_GPU, _CLOCK_SM, _CLOCK_MEMORY = 0, 1, 2
_CORRECTED, _UNCORRECTED, _VOLATILE = 0, 1, 0
_NOT_FOUND = "NVML's library (libnvidia-ml.so.1) is not here"
_MEMORY = ctypes.c_ulonglong * 3
"""nvmlMemory_t: total, free, used."""
_UNITS = {"power (W)": 1e-3, "energy (J)": 1e-3}  # NVML gives milliwatts and millijoules
FREE = "free memory (bytes)"
SYSTEM = Path("/")


class Gauge:
    """Reads a device; `lacks` has the reason for each reading that cannot be had."""

    def __init__(self, device: str, root: Path = SYSTEM) -> None:
        self.lacks: dict[str, str] = {}
        self._read: Callable[[], Readings] = _Host(root, self.lacks).read if device == "cpu" else _card(self.lacks)

    def read(self) -> Readings:
        """Return reading (with its unit) → number, as it is now."""
        return self._read()


class _Host:
    """A host's files; of several sensors the hottest, the slowest clock, and the sum of counters."""

    def __init__(self, root: Path, lacks: dict[str, str]) -> None:
        self._root, self._lacks = root, lacks

    def read(self) -> Readings:
        found: Readings = {}
        self._take(found, "temperature (°C)", "sys/class/thermal/thermal_zone*/temp", max, 1e-3)
        self._take(found, "slowest clock (MHz)", "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq", min, 1e-3)
        self._take(found, "corrected memory errors", "sys/devices/system/edac/mc/mc*/ce_count", sum, 1)
        self._take(found, "uncorrected memory errors", "sys/devices/system/edac/mc/mc*/ue_count", sum, 1)
        # the packages alone: what is in them (core, dram) has colons of its own in its name
        self._take(found, "energy (J)", "sys/class/powercap/intel-rapl:[0-9]*/energy_uj", sum, 1e-6, packages=True)
        return found

    def _take(
        self,
        found: Readings,
        name: str,
        pattern: str,
        fold: Callable[[Iterable[float]], float],
        unit: float,
        *,
        packages: bool = False,
    ) -> None:
        files = [file for file in self._root.glob(pattern) if not packages or file.parent.name.count(":") == 1]
        numbers = []
        for file in files:
            try:
                numbers.append(int(file.read_text("ascii")))
            except (OSError, ValueError) as error:
                self._lacks[name] = f"/{file.relative_to(self._root)}: {getattr(error, 'strerror', None) or error}"
        if numbers:
            found[name] = fold(numbers) * unit
        elif name not in self._lacks:
            self._lacks[name] = f"there is no /{pattern}"


def _card(lacks: dict[str, str]) -> Callable[[], Readings]:
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        lacks["every reading"] = _NOT_FOUND
        return dict
    return _Card(library, lacks).read


class _Card:
    """The card that the engine shows this process: its number is NVML's, as CUDA counts by PCI address too."""

    def __init__(self, library: ctypes.CDLL, lacks: dict[str, str]) -> None:
        self._library, self._lacks, self._handle = library, lacks, ctypes.c_void_p()
        shown = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
        if self._call("nvmlInit_v2") and shown.isdecimal():
            self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(int(shown)), ctypes.byref(self._handle))
        else:
            self._call("nvmlDeviceGetHandleByUUID", shown.encode(), ctypes.byref(self._handle))

    def read(self) -> Readings:
        if not self._handle.value:
            return {}
        found: Readings = {}
        self._ask(found, "temperature (°C)", "nvmlDeviceGetTemperature", _TEMPERATURE_GPU)
        self._ask(found, "clock (MHz)", "nvmlDeviceGetClockInfo", _CLOCK_SM)
        self._ask(found, "memory clock (MHz)", "nvmlDeviceGetClockInfo", _CLOCK_MEMORY)
        self._ask(found, "power (W)", "nvmlDeviceGetPowerUsage")
        self._ask(found, "PCIe replays", "nvmlDeviceGetPcieReplayCounter")
        self._ask(found, "energy (J)", "nvmlDeviceGetTotalEnergyConsumption", wide=True)
        self._ask(found, "corrected memory errors", "nvmlDeviceGetTotalEccErrors", _CORRECTED, _VOLATILE, wide=True)
        self._ask(found, "uncorrected memory errors", "nvmlDeviceGetTotalEccErrors", _UNCORRECTED, _VOLATILE, wide=True)
        self._ask(found, "reasons for lower clocks (bits)", "nvmlDeviceGetCurrentClocksThrottleReasons", wide=True)
        memory = _MEMORY()
        if self._call("nvmlDeviceGetMemoryInfo", self._handle, ctypes.byref(memory), name=FREE):
            found[FREE] = float(memory[1])
        return found

    def _ask(self, found: Readings, name: str, function: str, *which: int, wide: bool = False) -> None:
        number = ctypes.c_ulonglong() if wide else ctypes.c_uint()
        if self._call(function, self._handle, *map(ctypes.c_uint, which), ctypes.byref(number), name=name):
            found[name] = number.value * _UNITS.get(name, 1.0)

    def _call(self, function: str, *given: object, name: str = "every reading") -> bool:
        if not hasattr(self._library, function):
            self._lacks[name] = f"this driver has no {function}"
            return False
        code = getattr(self._library, function)(*given)
        if code:
            self._lacks[name] = f"{function} returned {code}"
        return not code
