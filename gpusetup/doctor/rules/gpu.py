"""GPU: is there a GPU, does the driver see all of them, and do they answer."""

from __future__ import annotations

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.graphics_tools import OFF, tool_of
from gpusetup.doctor.gpu.nvml import UNANSWERED
from gpusetup.doctor.gpu.resets import reset
from gpusetup.doctor.gpu.subjects import NVML_SILENT, each_card, each_gpu, gpu_rule, has_gpu
from gpusetup.doctor.rule import RuleResults, either, error, fix, info, known, optional, recorded, rule, there, warning
from gpusetup.machine.model import Gpu, Machine, PciGpu, Unread
from gpusetup.versions import capability

STUMP = 256 << 20
"""Bytes of the memory window of a machine without Resizable BAR."""
SHOWN_BY = (
    "LOG003", "LOG004", "LOG006", "LOG007", "LOG008", "LOG102", "LOG201", "LOG205", "LOG206", "LOG211", "XID001",
)  # fmt: skip
"""The rules over messages of the driver that name a GPU: there is, or was, one that the bus does not show now."""
# GeForce RTX 30 brought it; on older GeForce cards no setting of the firmware enables it, only a patched firmware does
# (NVIDIA, Resizable BAR support; github.com/terminatorul/NvStrapsReBar)
RESIZABLE_FROM = "8.6"
SWITCHES = ("envycontrol-hybrid", "prime-select-on-demand", "supergfxctl-hybrid", "system76-power-hybrid")
OF_THE_BUS = "GPU001 speaks of a bus that cannot be read"
KERNEL_PCI = "Linux kernel: Documentation/ABI/testing/sysfs-bus-pci"


@gpu_rule(
    "GPU009",
    "resizable-bar-off",
    "Resizable BAR is disabled",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetBAR1MemoryInfo; PCI Express base specification, Resizable BAR",
    remedies=("firmware-settings",),
)
def small_window(machine: Machine, gpu: Gpu) -> RuleResults:
    """The processor sees 256 MiB of this GPU's memory at once although the card could show all of it, since the
    machine's firmware has Resizable BAR off. Copies to and from the GPU can be slower, and peer access between cards
    needs it.
    """
    window, memory, known_as = there(gpu.bar1_total), there(gpu.memory_total), there(gpu.compute_capability)
    # a guest's window is what its hypervisor gives, which no firmware setting of the guest changes
    virtual = bool(there(recorded(gpu.virtualization, 0)))
    if not window or not memory or not known_as or virtual or window > STUMP or memory <= STUMP:
        return
    # boards for servers have a large window from the factory
    if capability(known_as) >= capability(RESIZABLE_FROM) and not is_datacentre(machine, gpu):
        yield info(
            "the processor sees 256 MiB of this GPU's memory at once: Resizable BAR is off",
            f"BAR 1: {window >> 20} MiB of {memory >> 20} MiB",
            fix=fix("firmware-settings"),
        )


@rule(
    "GPU010",
    "gpu-removed-by-udev",
    "A udev rule removes the GPU from the PCI bus",
    worst="error",
    required=False,
    source="udev(7), ATTR; Linux kernel: Documentation/ABI/testing/sysfs-bus-pci (remove)",
    remedies=("allow-on-bus", *SWITCHES),
)
def taken_away(machine: Machine) -> RuleResults:
    """A rule of udev writes to the card's ``remove`` file as soon as the kernel finds it, so that nothing sees it any
    more, ``lspci`` neither. Tools that switch a notebook to its integrated graphics do it (EnvyControl, supergfxctl).
    """
    if _has_cards(machine):
        return
    for path, line in there(machine.udev) or ():
        # 10de is NVIDIA's vendor id on PCI; udev compares it as sysfs writes it
        if "0x10de" in line and "ATTR{remove}" in line and not _of_usb(line):
            tool = tool_of(machine, path)
            yield error(
                f"a udev rule{f' of {tool.name}' if tool else ''} removes the GPU from the PCI bus at every start",
                f"{path}: {line}",
                fix=fix(tool.remedy) if tool else fix("allow-on-bus", path=path),
            )
            return


def _has_cards(machine: Machine) -> bool:
    """Say whether a card is on the bus, or may be: of a bus that cannot be read GPU001 speaks, which has to know."""
    cards = optional(machine.pci, OF_THE_BUS)
    return cards is None or bool(cards)


def _of_usb(line: str) -> bool:
    """Say whether the rule removes only the controllers beside the GPU: USB (0c03), sound (0403)."""
    return "0x0c03" in line or "0x0403" in line


@rule(
    "GPU011",
    "gpu-switched-off",
    "A graphics switching tool has turned the GPU off",
    worst="warning",
    after=("GPU010",),
    required=False,
    source="gitlab.com/asus-linux/supergfxctl: README.md; prime-select(8); Linux kernel: sysfs-platform-asus-wmi",
    remedies=("prime-select-on-demand", "supergfxctl-hybrid"),
)
def switched_off(machine: Machine) -> RuleResults:
    """The card is not on the PCI bus, and the tool that switches this notebook's graphics is set to the integrated
    ones: the tool turns the card off, or the firmware does on its behalf.
    """
    for tool, mode in (there(machine.system.graphics_switch) or ()) if not _has_cards(machine) else ():
        if mode.lower() == OFF.get(tool):
            yield warning(
                f"{tool} is set to {mode}: the GPU is turned off",
                f"{tool}: {mode}",
                fix=fix("prime-select-on-demand" if tool == "prime-select" else "supergfxctl-hybrid"),
            )
            return


@rule(
    "GPU001",
    "no-gpu",
    "No NVIDIA GPU found",
    worst="warning",
    after=("GPU010", "GPU011"),
    disproved_by=SHOWN_BY,
    required=True,
    source=KERNEL_PCI,
    remedies=("find-gpu",),
)
def no_gpu(machine: Machine) -> RuleResults:
    """Neither the PCI bus nor NVML shows an NVIDIA GPU.

    That is fine on a machine that computes on its CPU, so it is not counted as a problem unless ``--require-gpu`` says
    that there has to be one. It is a warning where the driver is installed all the same: somebody expected a GPU. In a
    virtual machine the card must be passed through; in a cloud the instance type must have one; on a desktop the slot,
    its power cables and the firmware's settings decide.
    """
    if has_gpu(machine):
        return
    if isinstance(machine.pci, Unread):  # no PCI bus is an answer only of a system that shows something of itself
        known(machine.system.kernel.release)
    evidence = ["no display device of vendor 10de on the PCI bus"]
    if (
        isinstance(machine.gpus, Unread)
        and machine.gpus.unread == "absent"
        # a library that answers "not loaded" is an installed driver
        and machine.gpus.code != nvml.DRIVER_NOT_LOADED
    ):
        yield info("no NVIDIA GPU found; CPU checks still run", *evidence, "no NVML library", fix=fix("find-gpu"))
        return
    said = "NVML shows no GPU"
    if isinstance(machine.gpus, Unread):
        said = _instead_of_gpus(machine.gpus)
    yield warning("the NVIDIA driver is installed, but there is no NVIDIA GPU", *evidence, said, fix=fix("find-gpu"))


def _instead_of_gpus(why: Unread) -> str:
    """Return why NVML shows none: what it answers, or that it was not asked, as in a folder (``--sysroot``)."""
    if why.code is None:
        return f"the driver's library {why.source} is there and was not asked: {why.detail}"
    return f"NVML: {nvml.meaning(why.code)} ({why.source}: {why.detail})"


@rule(
    "GPU002",
    "gpu-missing-in-nvml",
    "A GPU on the PCI bus is missing from NVML",
    worst="error",
    stage="driver library",
    blocks="framework",
    after=(
        "DRV101",
        "DRV103",
        "DRV104",
        "KRN106",
        "LOG005",
        "KRN003",
        "KRN004",
        "GPU001",
        "LOG002",
        "LOG006",
        "LOG007",
        "LOG101",
        "LOG201",
        "LOG205",
        "LOG206",
        "LOG207",
        "LOG208",
        "LOG211",
        "LOG212",
        "XID001",
        NVML_SILENT,
    ),
    source=KERNEL_PCI,
    remedies=("kernel-log",),
)
def not_in_nvml(machine: Machine) -> RuleResults:
    """NVML answers, but shows fewer NVIDIA GPUs than there are on the PCI bus.

    The missing card is named by its PCI address. It may have fallen off the bus (Xid 79 in the kernel log), lack
    power, be excluded by a module option or a container, or be too old for the installed driver.
    """
    gpus, cards = known(machine.gpus), there(machine.pci) or ()
    # counted first: addresses are worth comparing only where a card is missing
    if len(gpus) >= len(cards):
        return
    seen = {known(gpu.pci_address) for gpu in gpus}
    for card in cards:
        if card.address not in seen:
            yield error(
                "this GPU is on the PCI bus, but NVML does not show it",
                f"on the PCI bus: {card.address}, device {card.device_id}, driver {card.driver or 'none'}",
                f"shown by NVML: {', '.join(sorted(seen)) or 'none'}",
                fix=fix("kernel-log"),
                subject=f"PCI {card.address}",
            )


@rule(
    "GPU003",
    "gpu-lost",
    "GPU is lost (fallen off the bus)",
    worst="error",
    blocks="firmware",
    after=(NVML_SILENT,),
    over=each_gpu,
    source=nvml.SOURCE,
    remedies=("power-cycle",),
)
def lost(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver knows this GPU but cannot reach it any more (NVML error 15, usually with Xid 79 in the kernel log).

    Power, heat, the slot or the card itself: draining it and switching the power off and on decides whether it comes
    back.
    """
    if said := nvml.complaint(gpu, nvml.GPU_IS_LOST):
        yield error(
            "the GPU has fallen off the bus", f"{said.source} answers 15: {nvml.meaning(15)}", fix=fix("power-cycle")
        )


@rule(
    "GPU004",
    "reset-required",
    "GPU requires a reset",
    worst="error",
    blocks="driver library",
    after=("GPU003", NVML_SILENT),
    over=each_gpu,
    source=nvml.SOURCE,
    remedies=("reset-gpu", "keep-ecc-then-reset"),
)
def reset_required(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver refuses to use this GPU until it has been reset (NVML error 16), mostly after an uncorrectable
    error.
    """
    if said := nvml.complaint(gpu, nvml.RESET_REQUIRED):
        yield error(
            "the GPU must be reset before it can be used again",
            f"{said.source} answers 16: {nvml.meaning(16)}",
            fix=reset(gpu),
        )


@rule("GPU005", "mixed-models", "GPUs of different models", worst="info", after=(NVML_SILENT,), source=nvml.SOURCE)
def mixed_models(machine: Machine) -> RuleResults:
    """The GPUs of this machine are not all of one model.

    Results can differ between them by rounding, CUDA may number them in another order than NVML, and a job split
    evenly waits for the slowest. Keep baselines per model and set ``CUDA_DEVICE_ORDER=PCI_BUS_ID``.
    """
    names = [known(gpu.name) for gpu in known(machine.gpus)]
    if len(set(names)) > 1:
        yield info("the GPUs are of different models", *(f"GPU {i}: {name}" for i, name in enumerate(names)))


@rule(
    "GPU006",
    "gpu-suspended",
    "A GPU is suspended (runtime power management, D3cold)",
    worst="info",
    after=("GPU001",),
    over=each_card,
    source="Linux kernel: Documentation/power/runtime_pm.rst",
)
def asleep(machine: Machine, card: PciGpu) -> RuleResults:
    """The kernel has suspended this card because nothing uses it, as notebooks do, and NVML does not show it.

    Nothing need be wrong: it wakes when it is used, the first call then takes a moment, and until then it looks absent.
    """
    if there(card.runtime_status) != "suspended":
        return
    # NVML wakes what it shows, so a card that it shows is no longer suspended
    if card.address not in {either(gpu.pci_address) for gpu in either(machine.gpus) or ()}:
        yield info("the kernel has suspended this GPU; it wakes when it is used", "power/runtime_status: suspended")


@rule(
    "GPU008",
    "vbios-differs",
    "GPUs of one model have different VBIOS versions",
    worst="info",
    after=(NVML_SILENT,),
    required=False,
    source=nvml.SOURCE,
)
def firmware(machine: Machine) -> RuleResults:
    """GPUs of one model in this machine carry different VBIOS versions: their limits and behaviour can differ."""
    versions: dict[str, set[str]] = {}
    for gpu in known(machine.gpus):
        versions.setdefault(known(gpu.name), set()).add(optional(gpu.vbios, UNANSWERED) or "")
    for name, found in versions.items():
        if name and len(found - {""}) > 1:
            yield info(f"the {name}s have different firmware", f"VBIOS versions: {', '.join(sorted(found - {''}))}")
