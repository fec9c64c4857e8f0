"""What NVML is asked, field by field of the model.

`GPU` is read first, of every GPU; `MORE` after it, so that a call that never returns there takes nothing with it of
what matters most.
"""

from __future__ import annotations

from collections.abc import Mapping

from gpusetup.machine.nvml import convert, fabric, health, several
from gpusetup.machine.nvml.ask import Reader, answered, both, one, system
from gpusetup.machine.nvml.convert import MANY_ERRORS, within

# enumerations of nvml.h: nvmlTemperatureSensors_t, nvmlTemperatureThresholds_t, nvmlClockType_t, nvmlMemoryErrorType_t
TEMPERATURE_GPU = 0
THRESHOLD_SLOWDOWN, THRESHOLD_MEMORY = 1, 2
CLOCK_SM, CLOCK_MEMORY = 1, 2
CORRECTED, UNCORRECTED = 0, 1
VOLATILE, AGGREGATE = 0, 1

LIBRARY: Mapping[str, Reader] = {
    "nvml_library": system(convert.text, "nvmlSystemGetNVMLVersion"),
}
"""What the library says of itself even when it cannot start, because it does not fit the kernel module for instance."""

SYSTEM: Mapping[str, Reader] = {
    **LIBRARY,
    "nvml": system(convert.text, "nvmlSystemGetDriverVersion"),
    "cuda": system(convert.cuda, "nvmlSystemGetCudaDriverVersion_v2"),
}

SYSTEM_MORE: Mapping[str, Reader] = {
    "confidential": system(convert.confidential, "nvmlSystemGetConfComputeState"),
    "confidential_ready": system(convert.flag, "nvmlSystemGetConfComputeGpusReadyState"),
}

GPU: Mapping[str, Reader] = {
    "name": one(convert.text, "nvmlDeviceGetName"),
    "uuid": one(convert.text, "nvmlDeviceGetUUID"),
    "pci_address": one(convert.address, "nvmlDeviceGetPciInfo"),
    "compute_capability": one(convert.capability, "nvmlDeviceGetCudaComputeCapability"),
    "memory_total": one(convert.total, "nvmlDeviceGetMemoryInfo"),
    "memory_used": one(convert.used, "nvmlDeviceGetMemoryInfo"),
    # bounds are those of silicon, not of operation: what is outside is a sensor that failed
    "temperature": one(within(-60, 200), "nvmlDeviceGetTemperature", TEMPERATURE_GPU),
    "temperature_limit": one(within(1, 200), "nvmlDeviceGetTemperatureThreshold", THRESHOLD_SLOWDOWN),
    "power": one(convert.watts, "nvmlDeviceGetPowerUsage"),
    "power_limit": one(convert.limit, "nvmlDeviceGetEnforcedPowerLimit"),
    "clock_sm": one(within(0, 20_000), "nvmlDeviceGetClockInfo", CLOCK_SM),
    "clock_sm_max": one(within(1, 20_000), "nvmlDeviceGetMaxClockInfo", CLOCK_SM),
    "throttle_reasons": one(
        # nvidia-ml-py 13.615.71 names eleven bits (nvmlClocksThrottleReason…)
        within(0, (1 << 16) - 1),
        "nvmlDeviceGetCurrentClocksEventReasons",
        older="nvmlDeviceGetCurrentClocksThrottleReasons",
    ),
    "persistence": one(convert.flag, "nvmlDeviceGetPersistenceMode"),
    "compute_mode": one(within(0, 3), "nvmlDeviceGetComputeMode"),
    "ecc": one(convert.current, "nvmlDeviceGetEccMode"),
    "ecc_uncorrected": one(within(0, MANY_ERRORS), "nvmlDeviceGetTotalEccErrors", UNCORRECTED, AGGREGATE),
    "retired_pending": one(convert.flag, "nvmlDeviceGetRetiredPagesPendingStatus"),
    "remapped_rows": one(convert.rows, "nvmlDeviceGetRemappedRows"),
    "mig": one(convert.current, "nvmlDeviceGetMigMode"),
    "pcie_gen": both(within(1, 10), "nvmlDeviceGetCurrPcieLinkGeneration", "nvmlDeviceGetMaxPcieLinkGeneration"),
    "pcie_width": both(within(1, 64), "nvmlDeviceGetCurrPcieLinkWidth", "nvmlDeviceGetMaxPcieLinkWidth"),
}

MORE: Mapping[str, Reader] = {
    "architecture": one(convert.architecture, "nvmlDeviceGetArchitecture"),
    "pci_device": one(convert.device_id, "nvmlDeviceGetPciInfo"),
    "minor": one(within(0, 1023), "nvmlDeviceGetMinorNumber"),
    "vbios": one(convert.text, "nvmlDeviceGetVbiosVersion"),
    "bar1_total": one(convert.bar1, "nvmlDeviceGetBAR1MemoryInfo"),
    "performance_state": one(within(0, 15), "nvmlDeviceGetPerformanceState"),
    "power_limit_default": one(convert.limit, "nvmlDeviceGetPowerManagementDefaultLimit"),
    "ecc_pending": one(convert.pending, "nvmlDeviceGetEccMode"),
    "ecc_volatile": one(within(0, MANY_ERRORS), "nvmlDeviceGetTotalEccErrors", UNCORRECTED, VOLATILE),
    "ecc_corrected": one(within(0, MANY_ERRORS), "nvmlDeviceGetTotalEccErrors", CORRECTED, VOLATILE),
    "retired_pages": several.retired_pages,
    # all ones is what a bus answers for a device that is gone
    "pcie_replays": one(within(0, (1 << 32) - 2), "nvmlDeviceGetPcieReplayCounter"),
    "utilization": one(convert.busy, "nvmlDeviceGetUtilizationRates"),
    "processes": several.processes,
    "mig_pending": one(convert.pending, "nvmlDeviceGetMigMode"),
    "mig_devices": several.mig_devices,
    "nvlinks": lambda driver, device: answered(device, several.nvlinks, driver),
    "gsp_firmware": one(convert.text, "nvmlDeviceGetGspFirmwareVersion"),
    "gsp_mode": one(convert.flags, "nvmlDeviceGetGspFirmwareMode"),
    "virtualization": one(within(0, 4), "nvmlDeviceGetVirtualizationMode"),
    "recovery_action": several.recovery_action,
    "fabric": fabric.fabric,
    "peers": several.peers,
    "clock_memory": one(within(0, 20_000), "nvmlDeviceGetClockInfo", CLOCK_MEMORY),
    "clock_memory_max": one(within(1, 20_000), "nvmlDeviceGetMaxClockInfo", CLOCK_MEMORY),
    "application_clock": several.application_clock,
    "memory_temperature": several.memory_temperature,
    "memory_temperature_limit": one(within(1, 200), "nvmlDeviceGetTemperatureThreshold", THRESHOLD_MEMORY),
    # percent of the fan's greatest speed that its noise allows; it may exceed 100 (nvml.h, nvmlDeviceGetFanSpeed)
    "fan": one(within(0, 250), "nvmlDeviceGetFanSpeed"),
    "inforom": one(within(0, (1 << 32) - 2), "nvmlDeviceGetInforomConfigurationChecksum"),
    "sram_errors": several.sram_errors,
    "spare_rows": one(convert.spare_rows, "nvmlDeviceGetRowRemapperHistogram"),
    "nvlink_errors": several.nvlink_errors,
    "licences": one(convert.licences, "nvmlDeviceGetGridLicensableFeatures"),
    "vgpus": several.vgpus,
    "fabric_mask": fabric.health_mask,
    "fabric_summary": fabric.health_summary,
    "fabric_clique": fabric.clique,
    "fabric_cluster": fabric.cluster,
    "nvlink_counters": fabric.link_counters,
    "nvlink_speeds": fabric.link_speeds,
    "c2c_links": fabric.c2c_links,
    "c2c_errors": fabric.c2c_errors,
    "temperature_margin": one(within(-200, 200), "nvmlDeviceGetMarginTemperature"),
    "temperature_margins": health.temperature_margins,
    "throttled": health.throttled,
    "pcie_errors": health.pcie_errors,
    "repairs": health.repairs,
    "unrepairable_memory": one(convert.flag, "nvmlDeviceGetUnrepairableMemoryFlag_v1"),
    "inactive_rows": health.inactive_rows,
    "bank_remaps": health.bank_remaps,
    "module_id": health.module_id,
    "place": health.place,
    "addressing": one(within(0, 2), "nvmlDeviceGetAddressingMode"),
    "inforom_valid": health.inforom_valid,
}
