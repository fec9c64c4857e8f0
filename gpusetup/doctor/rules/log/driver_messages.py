"""LOG2…: what the driver says in the kernel's log beyond its Xids: of the card, of itself, of what must be done."""

from __future__ import annotations

from gpusetup.doctor.kernel_log import log_rule

OFF_THE_BUS = "LOG201"
RESET_WANTED = "LOG202"
RESTART_WANTED = "LOG203"


@log_rule(
    OFF_THE_BUS,
    "off-the-bus-log",
    "The driver reports that a GPU has fallen off the bus",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    says=("has fallen off the bus", "gpu lost from the bus"),
    remedy="power-cycle",
    after=("GPU003", "XID001"),
)
def off_the_bus(line: str) -> str:
    """The driver could not reach a GPU over PCIe any more: power, heat, the slot, a riser, or a power state from which
    the card does not wake.
    """
    return "a GPU has fallen off the bus: it does not answer the driver"


@log_rule(
    RESET_WANTED,
    "reset-requested-log",
    "Driver messages ask for a GPU reset",
    worst="error",
    says=("NV_ERR_RESET_REQUIRED", "requires reset", "requires a reset", "needs to be reset", "reset required ["),
    remedy="reset-some-gpu",
    after=("GPU004", "REC001", "XID002", "XID003", "XID011", RESTART_WANTED),
)
def reset_wanted(line: str) -> str:
    """The driver refused work since a GPU has to be reset first. NVML may not say so, and CUDA programs fail."""
    return "the driver says that a GPU must be reset before it can be used again"


@log_rule(
    RESTART_WANTED,
    "reboot-requested-log",
    "Driver messages ask for a reboot",
    worst="error",
    says=("encountered global fatal error", "requiring os reboot"),
    remedy="restart-machine",
    after=("XID011",),
)
def restart_wanted(line: str) -> str:
    """The part of the driver that manages CUDA's memory (nvidia_uvm) met an error from which it cannot recover: no CUDA
    program runs until the machine is restarted.
    """
    return "CUDA's memory driver met a fatal error: the machine must be restarted"


@log_rule(
    "LOG204",
    "no-supported-gpu",
    "The driver found no GPU that it supports",
    worst="error",
    stage="firmware",
    blocks="device nodes",
    symptom=True,
    says=("No NVIDIA GPU found", "No NVIDIA graphics adapter found"),
    remedy="kernel-log",
    after=("DRV101", "DRV103", "LOG006", "LOG008", "LOG205", "LOG206"),
)
def no_card(line: str) -> str:
    """NVIDIA's module was loaded, found no card that it could drive, and was unloaded again: the card is too old or too
    new for this driver, another driver holds it, or it is not on the bus.
    """
    return "the driver found no NVIDIA GPU that it can drive"


@log_rule(
    "LOG205",
    "gpu-unknown-to-driver",
    "The driver does not know a GPU's PCI id",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("is not supported by the NVIDIA",),
    remedy="newer-driver",
    after=("DRV101", "LOG006"),
)
def unknown_card(line: str) -> str:
    """The driver's release does not support the card: mostly the card is newer than the driver; a card that was dropped
    is named together with the legacy branch that still drives it.
    """
    return "this driver does not know a card: it is too old for it, or no longer supports it"


@log_rule(
    "LOG206",
    "needs-open-module",
    "A GPU needs the open kernel modules",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    says=("requires use of the NVIDIA open kernel modules",),
    remedy="open-module",
    after=("DRV103",),
)
def wants_open(line: str) -> str:
    """The proprietary kernel module drives no card of this generation: Blackwell and newer need the open one."""
    return "the proprietary kernel module cannot drive a card that needs the open one"


@log_rule(
    "LOG207",
    "power-state-stuck",
    "A GPU does not leave D3cold or another power state",
    worst="warning",
    stage="bus",
    blocks="firmware",
    says=("can't change power state from", "Refused to change power state", "Unable to change power state from"),
    remedy="power-state",
    after=("XID001", OFF_THE_BUS),
    source="Linux kernel: drivers/pci/pci.c, pci_power_up and pci_raw_set_power_state",
)
def no_wake(line: str) -> str:
    """The kernel could not bring a card back from a power state (D3cold): the card, a bridge above it, or the machine's
    firmware keeps it switched off. Notebooks do so when their firmware and the driver's power management disagree.
    """
    return "a card does not wake from its power state"


@log_rule(
    "LOG208",
    "gsp-boot-failed", "GSP failed to boot or crashed",
    worst="error", stage="firmware", blocks="firmware", symptom=True,
    says=("GSP-FMC reported an error", "unexpected WPR2 already up", "Cannot initialize GSP firmware RM",
          "_kgspBootGspRm", "kgspBootstrap", "kgspWaitForGfwBootOk", "waiting for GFW boot"),
    remedy="cold-start")  # fmt: skip
def no_gsp_start(line: str) -> str:
    """The driver loaded its firmware into the GPU's own processor (GSP), and it did not come up. "WPR2 already up"
    means that an earlier attempt left it half started, which only a loss of power clears.
    """
    return "the GPU's own processor (GSP) did not start with the driver's firmware"


@log_rule(
    "LOG209",
    "unknown-symbol", "Unknown symbol in a kernel module",
    worst="error", blocks="kernel module",
    says=("nvidia: Unknown symbol", "nvidia_uvm: Unknown symbol", "nvidia_drm: Unknown symbol",
          "nvidia_modeset: Unknown symbol"),
    remedy="rebuild-modules",
    after=("KRN001", "LOG012"),
    source="Linux kernel: kernel/module/main.c, simplify_symbols")  # fmt: skip
def unknown_symbol(line: str) -> str:
    """A module of NVIDIA's needs a function that the running kernel does not have, or gives to modules under the GPL
    alone: the module was built for another kernel, or the driver is too old for this one.
    """
    return "the kernel lacks a symbol that NVIDIA's module asks for: it was built for another kernel, or is too old"


@log_rule(
    "LOG210",
    "modeset-errors",
    "nvidia-modeset reports display errors",
    worst="warning",
    says=("nvidia-modeset: ERROR", "*ERROR* [nvidia-drm]", "*ERROR* nvidia-drm"),
    remedy="kernel-log",
    after=("XID001", OFF_THE_BUS, "LOG002", "LOG208"),
)
def display(line: str) -> str:
    """The part of the driver that drives displays (nvidia-modeset, nvidia-drm) failed at something: a desktop may not
    start, or freeze. Computing is mostly not concerned.
    """
    return "the driver's display part (modeset, DRM) reports an error"


@log_rule(
    "LOG211",
    "gpu-not-responding",
    "A GPU did not respond when the driver probed it",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    says=("is not responding to commands",),
    remedy="power-cycle",
)
def no_answer(line: str) -> str:
    """The driver found the card on the bus, asked for its first registers, and got nothing: it has no power, does not
    wake from a power state, or its slot or riser is at fault.
    """
    return "a card has fallen off the bus: it did not answer when the driver looked at it"
