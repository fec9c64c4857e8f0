"""ANS0…: answers of the driver that cannot all be true, since another reading says otherwise.

A driver in trouble says "success" with values that each could be. What follows from two of them, or from what the bus
and the kernel say, shows that one is wrong; which one cannot be known, so these rules say ``unknown``. They compare
only what no working host has, whatever it is set to, and say nothing where one side is not to be had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cite, is_datacentre
from gpusetup.doctor.gpu.nvlink import has_fifth_generation
from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, GPU_UNANSWERED, NVML_SILENT, each_gpu
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import Rule, RuleResults, either, known, recorded, rule, there, unknown, unlisted
from gpusetup.facts import facts
from gpusetup.facts.find import arch_of, chip_by_pci_id
from gpusetup.machine.model import Gpu, Machine, PciGpu
from gpusetup.versions import capability

if TYPE_CHECKING:
    from gpusetup.facts.model.hardware import Chip

AFTER = ("ANS004", "ANS001", GPU_LOST, "GPU004", DRIVER_HANGS, NVML_SILENT, GPU_UNANSWERED)
DRAWS = 20
"""Watts at which a chip is surely at work, and not at 0 °C."""
BEYOND = 3
"""How far the draw may go above its limit for a moment."""
FASTER = 1.5
"""How far a clock may be raised above what the card calls its highest."""
LIFTED = 2
"""How far a server's card can have its limit above the default."""
WITH_FABRIC = "9.0"
SPEEDS = {1: 2.5, 2: 5.0, 3: 8.0, 4: 16.0, 5: 32.0, 6: 64.0, 7: 128.0}
"""GT/s by PCIe generation."""


def answers(rule_id: str, slug: str, title: str, source: str) -> Callable[[Callable[..., RuleResults]], Rule]:
    """Make a rule over what NVML reports of every GPU."""
    return rule(rule_id, slug, title, worst="unknown", source=source, after=AFTER, over=each_gpu, required=True)


@once
def _by_address(machine: Machine) -> dict[str, PciGpu]:
    return {card.address: card for card in there(machine.pci) or ()}


def _card(machine: Machine, gpu: Gpu) -> PciGpu | None:
    address = there(gpu.pci_address)
    return _by_address(machine).get(address) if address else None


def _is_bare(machine: Machine) -> bool:
    """Say whether no hypervisor can have changed what the bus shows."""
    return not machine.system.virtualization


@answers(
    "ANS005",
    "nvml-pci-mismatch",
    "NVML and the PCI bus disagree about the GPU's identity",
    "nvml.h, nvmlPciInfo_t; facts: chip",
)
def identity(machine: Machine, gpu: Gpu) -> RuleResults:
    """NVML names a PCI address at which the bus has no such card, another device id than the card's own, or a compute
    capability that its chip does not have.
    """
    if there(machine.pci) and there(gpu.pci_address) and not _card(machine, gpu):
        yield unknown("the PCI bus has no NVIDIA card where NVML shows this GPU", f"NVML: {either(gpu.pci_address)}")
    card, told = _card(machine, gpu), there(gpu.pci_device)
    if card and told and card.device_id and told != card.device_id:
        yield unknown("NVML gives this GPU another PCI id than the bus", f"NVML: {told}", f"bus: {card.device_id}")
    mine = there(gpu.compute_capability)
    chip = _chip(card) if card and mine else None
    if chip and mine != chip.cc:
        yield unknown(
            f"NVML gives this GPU compute capability {mine}, its chip {chip.chip} has {chip.cc}",
            f"NVML: {mine}",
            cite(chip, f"{chip.chip}: {chip.cc}"),
        )


def _chip(card: PciGpu) -> Chip | None:
    found = chip_by_pci_id(facts(), card.device_id)
    return unlisted([found] if found else [], f"a chip of PCI id {card.device_id}", "NVML alone then says what it is")


@rule(
    "ANS006",
    "duplicate-gpu-identity",
    "Two GPUs report the same UUID or PCI address",
    worst="unknown",
    after=AFTER,
    required=True,
    source="nvml.h, nvmlDeviceGetUUID, nvmlDeviceGetMinorNumber",
)
def doubles(machine: Machine) -> RuleResults:
    """NVML gives two GPUs the same UUID, PCI address or minor number, of which each has its own."""
    gpus = known(machine.gpus)
    for name in ("uuid", "pci_address", *(["minor"] if _is_bare(machine) else [])):
        told = Counter(value for gpu in gpus if (value := there(getattr(gpu, name))) is not None)
        for value, count in told.items():
            if count > 1:
                yield unknown(f"{count} GPUs have one {name.replace('_', ' ')}", f"NVML: {value}")


@answers(
    "ANS007",
    "temperature-power-implausible",
    "Implausible GPU temperature and power readings",
    "nvml.h, nvmlDeviceGetTemperature",
)
def heat(machine: Machine, gpu: Gpu) -> RuleResults:
    """A chip that draws current is not at 0 °C, one whose clock runs draws some, and none draws many times its limit: a
    sensor, or the driver, is wrong.
    """
    temperature, power, limit = there(gpu.temperature), there(gpu.power), there(gpu.power_limit)
    # 0 and not "low": a card in a cold room may well be at 5 °C
    if temperature == 0 and power and power >= DRAWS:
        yield unknown(f"0 °C at {power:g} W cannot be", "temperature: 0 °C", f"power: {power:g} W")
    clock, virtual = there(gpu.clock_sm), there(recorded(gpu.virtualization, 0))
    if power == 0 and clock and not virtual:
        yield unknown("0 W with a running clock cannot be", "power: 0 W", f"clock: {clock} MHz")
    if power and limit and power > BEYOND * limit:
        yield unknown(f"{power:g} W at a limit of {limit:g} W cannot be", f"power: {power:g} W", f"limit: {limit:g} W")


@answers("ANS008", "clocks-implausible", "Implausible GPU clock readings", "nvml.h, nvmlDeviceGetClockInfo")
def clocks(machine: Machine, gpu: Gpu) -> RuleResults:
    """A clock that stands still while the chip draws current, or that is far above the highest the card has."""
    power = there(gpu.power)
    for name, now, most in (
        ("multiprocessors", there(gpu.clock_sm), there(gpu.clock_sm_max)),
        ("memory", there(gpu.clock_memory), there(gpu.clock_memory_max)),
    ):
        if now == 0 and power and power >= DRAWS:
            yield unknown(f"a clock of 0 MHz at {power:g} W cannot be", f"{name}: 0 MHz", f"power: {power:g} W")
        if now and most and now > FASTER * most:
            yield unknown(f"a clock of {now} MHz, highest {most} MHz, cannot be", f"{name}: {now} of {most} MHz")


@answers(
    "ANS009",
    "pcie-reading-implausible",
    "NVML reports a wider PCIe link or larger BAR than the bus",
    "nvml.h, nvmlDeviceGetCurrPcieLinkWidth",
)
def link(machine: Machine, gpu: Gpu) -> RuleResults:
    """NVML reports more lanes, a higher generation or a larger memory window than the card's own PCI registers allow.

    In a virtual machine the registers can be the hypervisor's, so nothing is said there.
    """
    card = _card(machine, gpu) if _is_bare(machine) else None
    if not card:
        return
    width, lanes = there(gpu.pcie_width), there(card.link_width)
    # sysfs says 0 or "Unknown" where the bridge does not tell
    if width and lanes and width[0] > lanes[1] > 0:
        yield unknown(f"NVML reports {width[0]} lanes, the card has {lanes[1]}", f"NVML: {width}", f"bus: {lanes}")
    generation, speed = there(gpu.pcie_gen), there(card.link_speed)
    if generation and speed and SPEEDS.get(generation[0], 0) > speed[1] > 0:
        yield unknown(
            f"NVML reports PCIe generation {generation[0]}, the card goes up to {speed[1]:g} GT/s",
            f"NVML: {generation}",
            f"bus: {speed}",
        )
    window, bars = there(gpu.bar1_total), there(card.bars)
    # NVML may show less than the BAR, never more: the rest is reserved
    if window and bars and len(bars) > 1 and 0 < bars[1] < window:
        yield unknown("NVML reports a larger window than the bus", f"NVML: {window} bytes", f"bus: {bars[1]} bytes")


@answers(
    "ANS010",
    "ecc-reading-implausible",
    "ECC is reported as disabled but error counts are reported",
    "nvml.h, nvmlDeviceGetTotalEccErrors",
)
def ecc(machine: Machine, gpu: Gpu) -> RuleResults:
    """NVML counts memory errors only while ECC is on, and yet answers both "off" and a count."""
    count = there(gpu.ecc_volatile)
    if there(gpu.ecc) is False and count is not None:
        yield unknown("ECC is reported as off, and its errors are counted", "ECC mode: off", f"errors: {count}")


@answers("ANS011", "gsp-state-inconsistent", "Inconsistent GSP firmware status", "nvml.h, nvmlDeviceGetGspFirmwareMode")
def firmware(machine: Machine, gpu: Gpu) -> RuleResults:
    """The GSP firmware is reported as not in use, and yet has a version or is driven by the open module, which needs
    it; or its version is not that of the driver that loaded it.
    """
    mode, version, driver = there(gpu.gsp_mode), there(gpu.gsp_firmware), there(machine.driver.nvml)
    if mode and not mode[0] and version:
        yield unknown(
            "the GPU's firmware is reported as unused, and has a version", f"mode: {mode}", f"version: {version}"
        )
    # the open module runs no GPU without its GSP (open-gpu-kernel-modules, README)
    if mode and not mode[0] and there(machine.driver.module_license) == "Dual MIT/GPL":
        yield unknown(
            "the open module runs, and the GPU's firmware is reported as unused", f"mode: {mode}", "module: open"
        )
    if version and driver and version != driver:
        yield unknown("the GPU's firmware is not of the driver's version", f"firmware: {version}", f"driver: {driver}")


@answers(
    "ANS012",
    "mig-state-inconsistent",
    "NVML and /proc disagree about MIG instances",
    "NVIDIA MIG user guide, /proc/driver",
)
def slices(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver keeps a folder for each instance of a GPU in MIG mode; NVML reports other instances, or MIG as off.

    In a container each shows a part of its own, so nothing is said there.
    """
    made = there(machine.slices)
    if made is None or machine.system.container or there(gpu.mig) is None:
        return
    folders = {name for minor, name in made if minor == str(there(gpu.minor))}
    devices = there(gpu.mig_devices) or ()
    told = {f"{known(one.gpu_instance)}/{known(one.compute_instance)}" for one in devices}
    if folders != told:
        yield unknown(
            f"NVML reports {len(told)} slices, the driver's files {len(folders)}",
            f"NVML: {', '.join(sorted(told)) or 'none'}",
            f"/proc/driver/nvidia/capabilities: {', '.join(sorted(folders)) or 'none'}",
        )


@answers("ANS013", "fabric-state-inconsistent", "Inconsistent NVLink fabric state", "nvml.h, nvmlGpuFabricInfo_t")
def fabric(machine: Machine, gpu: Gpu) -> RuleResults:
    """A GPU from Hopper on stands beside NVSwitches, or has active NVLinks of the fifth generation (B200, GB200), and
    NVML reports no fabric; or the GPU is registered with the fabric, and none of its links is active. A GPU in MIG mode
    uses no links.
    """
    cc = there(gpu.compute_capability)
    if not cc or capability(cc) < capability(WITH_FABRIC) or there(gpu.mig) or there(recorded(gpu.virtualization, 0)):
        return
    state, links, switches = there(gpu.fabric), there(gpu.nvlinks), there(machine.nvswitches)
    if switches and state is None:
        yield unknown("a GPU beside NVSwitches reports no fabric", f"NVSwitches: {switches}", "fabric: not supported")
    elif state is None and links and any(links) and has_fifth_generation(gpu):
        yield unknown(
            "a GPU with active NVLinks reports no fabric", f"active links: {sum(links)}", "fabric: not supported"
        )
    # (completed, success)
    if state == (3, 0) and links and not any(links):
        yield unknown(
            "the GPU is registered with the fabric, and no NVLink is active", f"fabric: {state}", f"links: {len(links)}"
        )


@answers(
    "ANS014",
    "power-limit-implausible",
    "Power limit of a data-centre GPU is far above its default",
    "nvml.h, nvmlDeviceGetEnforcedPowerLimit",
)
def power_limit(machine: Machine, gpu: Gpu) -> RuleResults:
    """Cards for servers come with their highest limit as default. A notebook's limit moves freely, and nothing is said
    of it.
    """
    limit, default = there(gpu.power_limit), there(gpu.power_limit_default)
    if limit and default and limit > LIFTED * default and is_datacentre(machine, gpu):
        yield unknown(f"a limit of {limit:g} W, {default:g} W by default, cannot be", f"limit: {limit:g} W")


@answers(
    "ANS015", "capability-inconsistent", "GPU architecture and compute capability contradict each other", "facts: arch"
)
def architecture(machine: Machine, gpu: Gpu) -> RuleResults:
    """NVML reports an architecture, and a compute capability that another one has."""
    told, cc = there(gpu.architecture), there(gpu.compute_capability)
    rows = [row] if cc and (row := arch_of(facts(), cc)) else []
    known_as = f"compute capability {cc}"
    row = unlisted(rows, known_as, "NVML alone then says its architecture") if cc and told else None
    # a number is an architecture without a name here; the tables have "Blackwell Ultra", which NVML calls Blackwell
    if row and told and not told.isdecimal() and told != row.arch.partition(" ")[0]:
        yield unknown(f"NVML reports {told} and compute capability {cc}", cite(row, f"{cc} is {row.arch}"))


@rule(
    "ANS016",
    "driver-version-inconsistent",
    "NVML and the kernel module report different driver versions",
    worst="unknown",
    after=(*AFTER, "DRV004"),
    required=True,
    source="nvml.h, nvmlSystemGetDriverVersion; /proc/driver/nvidia/version",
)
def driver_version(machine: Machine) -> RuleResults:
    """NVML asks the loaded module for the driver's version, so it cannot be another than the module's own file says."""
    told, module = there(machine.driver.nvml), there(machine.driver.kernel_module)
    if told and module and told != module:
        yield unknown("NVML reports another driver than the loaded module", f"NVML: {told}", f"module: {module}")
