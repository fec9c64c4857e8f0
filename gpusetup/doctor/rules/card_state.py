"""MEM0, PWR0, GPU0, PCI0: what a card tells of its settings, its memory's reserves, its heat and its link over time."""

from __future__ import annotations

from gpusetup.doctor import nvml
from gpusetup.doctor.cards import is_datacentre
from gpusetup.doctor.rule import Verdicts, error, fix, info, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine
from gpusetup.versions import capability

GCM = "github.com/facebookresearch/gcm: check-nvidia-smi, ecc_corrected_volatile_total (its threshold)"
DCGM = "github.com/NVIDIA/DCGM: dcgmlib, dcgm_gpu_hardware_limits.h"
MANY_CORRECTED = 50_000_000
MANY_ON_CHIP = 4
REPLAYS_PER_MINUTE = 8
HOT = 80
STUMP = 256 << 20
"""Bytes of the memory window of a machine without Resizable BAR."""
RESIZABLE_FROM = "8.6"


@gpu_rule("MEM006", "The settings in a GPU's own memory are damaged", worst="error", source=nvml.SOURCE)
def inforom(machine: Machine, gpu: Gpu) -> Verdicts:
    """The card keeps its serial number, its ECC mode and its history of errors in a small memory of its own (inforom);
    NVML finds that this one is damaged (error 14).

    The card may go on computing, but nothing that it tells of its past errors can be relied on; NVIDIA's service mends
    or replaces it.
    """
    if said := nvml.complaint(gpu, nvml.CORRUPTED_INFOROM):
        yield error(
            "the inforom of this GPU is damaged", f"{said.source} answers 14: {nvml.meaning(14)}", fix=fix("service")
        )


@gpu_rule("MEM007", "ECC mends very many errors", worst="warning", required=False, source=GCM)
def many_corrected(machine: Machine, gpu: Gpu) -> Verdicts:
    """So many errors were mended since the driver was loaded that memory is slower, and that one which cannot be mended
    is likely to follow.
    """
    count = there(gpu.ecc_corrected)
    if count and count >= MANY_CORRECTED:
        yield warning(f"{count} memory errors were mended", f"limit: {MANY_CORRECTED}", fix=fix("watch-memory"))


@gpu_rule(
    "MEM008",
    "A GPU's on-chip memory fails",
    worst="error",
    source="nvml.h, nvmlEccSramErrorStatus_t; https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/",
)
def on_chip(machine: Machine, gpu: Gpu) -> Verdicts:
    """Registers and caches have no spare rows: their errors cannot be mapped away. Beyond NVIDIA's own limit the card
    is to be replaced; a few that could not be mended are a warning.
    """
    errors = there(gpu.sram_errors)
    if errors and errors[2]:
        yield error(
            "on-chip memory errors are beyond NVIDIA's limit: the card needs service",
            f"corrected {errors[0]}, uncorrected {errors[1]}, limit exceeded",
            fix=fix("service"),
        )
    elif errors and errors[1] > MANY_ON_CHIP:
        yield warning(
            f"{errors[1]} errors of on-chip memory could not be mended",
            f"corrected {errors[0]}, uncorrected {errors[1]}",
            fix=fix("watch-memory"),
        )


@gpu_rule(
    "MEM009",
    "A GPU runs out of spare memory rows",
    worst="warning",
    after=("MEM003",),
    source="nvml.h, nvmlDeviceGetRowRemapperHistogram",
)
def spare_rows(machine: Machine, gpu: Gpu) -> Verdicts:
    """Some banks of this GPU's memory have few or no rows left that could stand in for a bad one: the next failure
    there cannot be mended. Plan for the card's replacement.
    """
    rows = there(gpu.spare_rows)
    if rows and (rows[3] or rows[4]):
        yield warning(
            f"{rows[3] + rows[4]} memory banks have few or no spare rows left",
            f"banks by spare rows: all {rows[0]}, many {rows[1]}, some {rows[2]}, few {rows[3]}, none {rows[4]}",
            fix=fix("watch-memory"),
        )


@gpu_rule("PWR008", "A GPU's power cables are not connected, says NVML", worst="error", source=nvml.SOURCE)
def no_power(machine: Machine, gpu: Gpu) -> Verdicts:
    """NVML answers 8: the card knows that its auxiliary power is missing. A cable is loose or of the wrong kind."""
    if said := nvml.complaint(gpu, nvml.INSUFFICIENT_POWER):
        yield error(
            "the GPU's power cables are not connected",
            f"{said.source} answers 8: {nvml.meaning(8)}",
            fix=fix("power-supply"),
        )


@gpu_rule(
    "PWR009",
    "A GPU's memory is too hot",
    worst="warning",
    source="nvml.h, NVML_TEMPERATURE_THRESHOLD_MEM_MAX and NVML_FI_DEV_MEMORY_TEMP",
)
def hot_memory(machine: Machine, gpu: Gpu) -> Verdicts:
    """The memory has a sensor of its own and can be hot while the chip is cool: pads that dried out, or a fan that
    blows elsewhere. At its limit the GPU slows down, and errors grow.
    """
    now, limit = there(gpu.memory_temperature), there(gpu.memory_temperature_limit)
    if now is not None and limit is not None and now >= limit:
        yield warning(f"the memory is at {now} °C", f"memory: {now} °C", f"limit: {limit} °C", fix=fix("cool"))


@gpu_rule("PWR010", "A hot GPU's fan stands still", worst="warning", source="nvml.h, nvmlDeviceGetFanSpeed")
def still_fan(machine: Machine, gpu: Gpu) -> Verdicts:
    """Cards for desktops stop their fan while they are cool; this one is hot and its fan should turn."""
    speed, now = there(gpu.fan), there(gpu.temperature)
    if speed == 0 and now is not None and now >= HOT:
        yield warning(f"the fan stands still at {now} °C", "fan: 0 %", f"temperature: {now} °C", fix=fix("fan"))


@gpu_rule(
    "PWR011",
    "A GPU's application clocks are not its default",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetApplicationsClock",
)
def application_clock(machine: Machine, gpu: Gpu) -> Verdicts:
    """Somebody has set another clock for programs than the card comes with: it is slower or faster than its equals."""
    clocks = there(gpu.application_clock)
    if clocks and clocks[0] != clocks[1]:
        yield info(
            f"programs run at {clocks[0]} MHz, {clocks[1]} MHz is the default",
            f"application clock: {clocks[0]} MHz",
            fix=fix("default-clocks", index=str(gpu.index)),
        )


@gpu_rule(
    "GPU009",
    "Resizable BAR is off",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetBAR1MemoryInfo; PCI Express base specification, Resizable BAR",
)
def small_window(machine: Machine, gpu: Gpu) -> Verdicts:
    """The processor sees 256 MiB of this GPU's memory at once although the card could show all of it, since the
    machine's firmware has Resizable BAR off. Copies to and from the GPU can be slower, and peer access between cards
    needs it.
    """
    window, memory, known_as = there(gpu.bar1_total), there(gpu.memory_total), there(gpu.compute_capability)
    virtual = bool(there(gpu.virtualization))
    if not window or not memory or not known_as or virtual or window > STUMP or memory <= STUMP:
        return
    if capability(known_as) >= capability(RESIZABLE_FROM) and not is_datacentre(machine, gpu):
        yield info(
            "the processor sees 256 MiB of this GPU's memory at once: Resizable BAR is off",
            f"BAR 1: {window >> 20} MiB of {memory >> 20} MiB",
            fix=fix("firmware-settings"),
        )


@gpu_rule("PCI003", "The PCIe link of a GPU repeats much", worst="warning", required=False, source=DCGM)
def replays(machine: Machine, gpu: Gpu) -> Verdicts:
    """Packets on the link arrive damaged and are sent again: more than eight a minute, counted from the start of the
    system, is more than NVIDIA recommends. A card or riser that is not seated well, or a slot that cannot do the speed.
    """
    count, seconds = there(gpu.pcie_replays), there(machine.system.uptime)
    rate = count * 60 / max(seconds, 60) if count and seconds else 0
    if rate > REPLAYS_PER_MINUTE:
        yield warning(
            f"the PCIe link repeats {rate:.0f} packets a minute",
            f"{count} replays in {seconds:.0f} s",
            fix=fix("reseat"),
        )
