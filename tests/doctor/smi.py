"""What nvidia-smi says (``nvidia-smi -q -x``), as readings of a `Gpu`.

A case of ``healthy/`` keeps of a public dump what a `Gpu` holds, under nvidia-smi's own names and in its own words
(``temperature = { gpu_temp = "41 C" }``). `smi_dump` makes that part of a case of a whole dump.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

NOT_SUPPORTED = {"unread": "unsupported", "source": "nvidia-smi", "detail": "N/A", "code": 3}
NOT_SHOWN = {"unread": "failed", "source": "nvidia-smi", "detail": "the dump does not show it"}
NOTHING = ("N/A", "[N/A]", "Not Supported", "Requested functionality has been deprecated", "Unknown")
UNITS = {"MiB": 1 << 20, "GiB": 1 << 30, "KiB": 1 << 10}
REASONS = (
    "gpu_idle", "applications_clocks_setting", "sw_power_cap", "hw_slowdown", "sync_boost", "sw_thermal_slowdown",
    "hw_thermal_slowdown", "hw_power_brake_slowdown", "display_clocks_setting",
)  # fmt: skip
"""In the order of the bits of nvmlClocksEventReasons."""
COMPUTE_MODES = ("Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process")
VIRTUAL_MODES = ("None", "Pass-Through", "VGPU", "Host VGPU", "Host VSGA")
RECOVERY = ("None", "Reset", "Reboot", "Drain P2P", "Drain and Reset")
FABRIC = ("", "Not Started", "In Progress", "Completed")

Said = Mapping[str, Any]
"""What a dump says of one GPU: sections of names and words."""


def number(text: str) -> int:
    return int(text.split(maxsplit=1)[0].rstrip("x%"))


def watts(text: str) -> float:
    return float(text.split(maxsplit=1)[0])


def size(text: str) -> int:
    amount, unit = text.split()
    return int(amount) * UNITS[unit]


def flag(text: str) -> bool:
    return {"Enabled": True, "Yes": True, "Disabled": False, "No": False}[text]


def address(text: str) -> str:
    """Return ``0000000F:01:00.0`` the way sysfs writes it, ``000f:01:00.0``."""
    domain, _, rest = text.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"


def device(text: str) -> str:
    return text.lower().removeprefix("0x")[:4]


def family(text: str) -> str:
    return text.split(maxsplit=1)[0]


def among(names: tuple[str, ...]) -> Callable[[str], int]:
    return names.index


def state(text: str) -> int:
    return int(text.removeprefix("P"))


ONE: Mapping[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "name": (str, ("product_name",)),
    "pci_address": (address, ("pci.pci_bus_id",)),
    "pci_device": (device, ("pci.pci_device_id",)),
    "architecture": (family, ("product_architecture",)),
    "compute_capability": (str, ("compute_cap",)),
    "minor": (number, ("minor_number",)),
    "vbios": (str, ("vbios_version",)),
    "memory_total": (size, ("fb_memory_usage.total",)),
    "memory_used": (size, ("fb_memory_usage.used",)),
    "bar1_total": (size, ("bar1_memory_usage.total",)),
    "temperature": (number, ("temperature.gpu_temp",)),
    "temperature_limit": (number, ("temperature.gpu_temp_slow_threshold",)),
    "memory_temperature": (number, ("temperature.memory_temp",)),
    "memory_temperature_limit": (number, ("temperature.gpu_temp_max_mem_threshold",)),
    "power": (watts, ("gpu_power_readings.power_draw", "gpu_power_readings.average_power_draw",
                      "gpu_power_readings.instant_power_draw", "power_readings.power_draw")),
    "power_limit": (watts, ("gpu_power_readings.current_power_limit", "power_readings.enforced_power_limit",
                            "power_readings.power_limit")),
    "power_limit_default": (watts, ("gpu_power_readings.default_power_limit", "power_readings.default_power_limit")),
    "clock_sm": (number, ("clocks.sm_clock",)),
    "clock_sm_max": (number, ("max_clocks.sm_clock",)),
    "clock_memory": (number, ("clocks.mem_clock",)),
    "clock_memory_max": (number, ("max_clocks.mem_clock",)),
    "performance_state": (state, ("performance_state",)),
    "fan": (number, ("fan_speed",)),
    "utilization": (number, ("utilization.gpu_util",)),
    "persistence": (flag, ("persistence_mode",)),
    "compute_mode": (among(COMPUTE_MODES), ("compute_mode",)),
    "ecc": (flag, ("ecc_mode.current_ecc",)),
    "ecc_pending": (flag, ("ecc_mode.pending_ecc",)),
    "mig": (flag, ("mig_mode.current_mig",)),
    "mig_pending": (flag, ("mig_mode.pending_mig",)),
    "pcie_replays": (number, ("pci.replay_counter",)),
    "gsp_firmware": (str, ("gsp_firmware_version",)),
    "virtualization": (among(VIRTUAL_MODES), ("gpu_virtualization_mode.virtualization_mode",)),
    "recovery_action": (among(RECOVERY), ("gpu_recovery_action",)),
    "retired_pending": (flag, ("retired_pages.pending_retirement", "retired_pages.pending_blacklist")),
}  # fmt: skip
"""Field of `Gpu` → how its words are read, and where they stand: the first of these places that has any."""

SEVERAL: Mapping[str, tuple[tuple[Callable[[str], Any], str], ...]] = {
    "pcie_gen": ((number, "pci.current_link_gen"), (number, "pci.max_link_gen")),
    "pcie_width": ((number, "pci.current_link_width"), (number, "pci.max_link_width")),
    "remapped_rows": ((number, "remapped_rows.remapped_row_corr"), (number, "remapped_rows.remapped_row_unc"),
                      (flag, "remapped_rows.remapped_row_pending"), (flag, "remapped_rows.remapped_row_failure")),
    "spare_rows": tuple((number, f"remapped_rows.row_remapper_histogram_{name}")
                        for name in ("max", "high", "partial", "low", "none")),
    "retired_pages": ((number, "retired_pages.multiple_single_bit_retirement"),
                      (number, "retired_pages.double_bit_retirement")),
    "application_clock": ((number, "applications_clocks.graphics_clock"),
                          (number, "default_applications_clocks.graphics_clock")),
}  # fmt: skip
"""Fields of several values: all of them are read, or none."""

ERRORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ecc_volatile": ("volatile", ("sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded",
                                  "dram_uncorrectable", "double_bit")),
    "ecc_corrected": ("volatile", ("sram_correctable", "dram_correctable", "single_bit")),
    "ecc_uncorrected": ("aggregate", ("sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded",
                                      "dram_uncorrectable", "double_bit")),
}  # fmt: skip
"""Counts of memory errors: the sum of those of these names that are there."""


def readings(said: Said) -> dict[str, Any]:
    """Return the fields of a `Gpu` that the dump shows; all others say that it does not show them."""
    found = {field: _first(said, places, read) for field, (read, places) in ONE.items()}
    found |= {field: _all(said, parts) for field, parts in SEVERAL.items()}
    found |= {field: _sum(said.get(part), names) for field, (part, names) in ERRORS.items()}
    found["throttle_reasons"] = _reasons(said.get("clocks_event_reasons", NOT_SHOWN))
    found["fabric"] = _fabric(said.get("fabric"))
    found["sram_errors"] = _sram(said.get("aggregate"))
    found["processes"] = [_process(one) for one in said["processes"]] if "processes" in said else NOT_SHOWN
    found["mig_devices"] = [_slice(index, one) for index, one in enumerate(said.get("mig_devices", ()))]
    found["gsp_mode"] = [True, True] if isinstance(found["gsp_firmware"], str) else found["gsp_firmware"]
    return found


def _words(said: Said, place: str) -> str | None:
    section, _, name = place.rpartition(".")
    part = said.get(section, {}) if section else said
    if isinstance(part, str):
        return part  # a whole section that is "N/A"
    return None if part.get(name) is None else str(part[name])


def _first(said: Said, places: tuple[str, ...], read: Callable[[str], Any]) -> Any:
    all_words = [words for place in places if (words := _words(said, place)) is not None]
    known = [words for words in all_words if words not in NOTHING]
    if known:
        return read(known[0])
    return NOT_SUPPORTED if all_words else NOT_SHOWN


def _all(said: Said, parts: tuple[tuple[Callable[[str], Any], str], ...]) -> Any:
    found = [_first(said, (place,), read) for read, place in parts]
    return next((one for one in found if isinstance(one, dict)), found)


def _sum(counts: Said | str | None, names: tuple[str, ...]) -> Any:
    if counts is None or isinstance(counts, str):
        return NOT_SUPPORTED if counts else NOT_SHOWN
    told = [str(counts[name]) for name in names if name in counts]
    if not told:
        return NOT_SHOWN
    known = [int(one) for one in told if one not in NOTHING]
    return sum(known) if known else NOT_SUPPORTED


def _reasons(active: Any) -> Any:
    if isinstance(active, str):
        return NOT_SUPPORTED
    return active if isinstance(active, Mapping) else sum(1 << REASONS.index(name) for name in active)


def _fabric(said: Any) -> Any:
    if said is None or isinstance(said, str):
        return NOT_SUPPORTED if said else NOT_SHOWN
    return [FABRIC.index(said["state"]), {"Success": 0, "N/A": 0}[said["status"]]]


def _sram(counts: Said | str | None) -> Any:
    if counts is None or isinstance(counts, str):
        return NOT_SUPPORTED if counts else NOT_SHOWN
    if "sram_threshold_exceeded" not in counts:
        return NOT_SHOWN
    if counts["sram_threshold_exceeded"] in NOTHING:
        return NOT_SUPPORTED
    corrected, uncorrected = (_sum(counts, names) for names in (
        ("sram_correctable",), ("sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded")
    ))  # fmt: skip
    return [corrected, uncorrected, flag(counts["sram_threshold_exceeded"])]


def _process(words: str) -> dict[str, Any]:
    pid, kind, memory = words.split(maxsplit=2)
    return {"pid": int(pid), "graphics": kind == "G", "memory": None if memory in NOTHING else size(memory)}


def _slice(index: int, said: Said) -> dict[str, Any]:
    return {
        "index": index,
        "name": str(said["name"]) if "name" in said else NOT_SHOWN,
        "uuid": f"MIG-11111111-2222-3333-4444-{index:012d}",
        "memory_total": size(said["total"]),
        "gpu_instance": int(said["gpu_instance_id"]),
        "compute_instance": int(said["compute_instance_id"]),
    }
