"""LOG2…: what the driver says in the kernel's log beyond its Xids: of the card, of itself, of what must be done."""

from __future__ import annotations

from gpusetup.doctor.messages.rule import log_rule

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
    remedies=("power-cycle",),
    after=("GPU003", "XID001"),
)
def off_the_bus() -> None:
    """The driver could not reach a GPU over PCIe any more: power, heat, the slot, a riser, or a power state from which
    the card does not wake.
    """


@log_rule(
    RESET_WANTED,
    "reset-requested-log",
    "Driver messages ask for a GPU reset",
    worst="error",
    remedies=("reset-some-gpu",),
    after=("GPU004", "REC001", "XID002", "XID003", "XID011", RESTART_WANTED),
)
def reset_wanted() -> None:
    """The driver refused work since a GPU has to be reset first. NVML may not say so, and CUDA programs fail."""


@log_rule(
    RESTART_WANTED,
    "reboot-requested-log",
    "Driver messages ask for a reboot",
    worst="error",
    remedies=("restart-machine",),
    after=("XID011",),
)
def restart_wanted() -> None:
    """The part of the driver that manages CUDA's memory (nvidia_uvm) met an error from which it cannot recover: no CUDA
    program runs until the machine is restarted.
    """


@log_rule(
    "LOG204",
    "no-supported-gpu",
    "The driver found no GPU that it supports",
    worst="error",
    stage="firmware",
    blocks="device nodes",
    symptom=True,
    remedies=("kernel-log",),
    after=("DRV101", "DRV103", "LOG006", "LOG008", "LOG205", "LOG206"),
)
def no_card() -> None:
    """NVIDIA's module was loaded, found no card that it could drive, and was unloaded again: the card is too old or too
    new for this driver, another driver holds it, or it is not on the bus.
    """


@log_rule(
    "LOG205",
    "gpu-unknown-to-driver",
    "The driver does not know a GPU's PCI id",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("newer-driver",),
    after=("DRV101", "LOG006"),
)
def unknown_card() -> None:
    """The driver's release does not support the card: mostly the card is newer than the driver; a card that was dropped
    is named together with the legacy branch that still drives it.
    """


@log_rule(
    "LOG206",
    "needs-open-module",
    "A GPU needs the open kernel modules",
    worst="error",
    shows_gpu=True,
    blocks="kernel module",
    remedies=("open-module", "newer-driver"),
    after=("DRV103",),
)
def wants_open() -> None:
    """The proprietary kernel module drives no card of this generation: Blackwell and newer need the open one."""


@log_rule(
    "LOG207",
    "power-state-stuck",
    "A GPU does not leave D3cold or another power state",
    worst="error",
    stage="bus",
    blocks="firmware",
    remedies=("power-state",),
    source="Linux kernel: drivers/pci/pci.c, pci_power_up and pci_raw_set_power_state",
)
def no_wake() -> None:
    """The kernel could not bring a card back from a power state (D3cold): the card, a bridge above it, or the machine's
    firmware keeps it switched off. Notebooks do so when their firmware and the driver's power management disagree.
    """


@log_rule(
    "LOG208",
    "gsp-boot-failed", "GSP failed to boot",
    worst="error", stage="firmware", blocks="firmware", symptom=True,
    remedies=("cold-start", "suspend-services"),
    after=())  # fmt: skip
def no_gsp_start() -> None:
    """The driver loaded its firmware into the GPU's own processor (GSP), and it did not come up. "WPR2 already up"
    means that an earlier attempt left it half started, which only a loss of power clears.
    """


@log_rule(
    "LOG209",
    "unknown-symbol", "Unknown symbol in a kernel module",
    worst="error", blocks="kernel module",
    remedies=("rebuild-modules", "newer-driver"),
    after=("KRN001", "LOG012"),
    source="Linux kernel: kernel/module/main.c, simplify_symbols")  # fmt: skip
def unknown_symbol() -> None:
    """A module of NVIDIA's needs a function that the running kernel does not have, or gives to modules under the GPL
    alone: the module was built for another kernel, or the driver is too old for this one.
    """


@log_rule(
    "LOG210",
    "modeset-errors",
    "nvidia-modeset reports display errors",
    worst="warning",
    remedies=("kernel-log",),
    after=("XID001", OFF_THE_BUS, "LOG002", "LOG208"),
)
def display() -> None:
    """The part of the driver that drives displays (nvidia-modeset, nvidia-drm) failed at something: a desktop may not
    start, or freeze. Computing is mostly not concerned.
    """


@log_rule(
    "LOG211",
    "gpu-not-responding",
    "A GPU did not respond when the driver probed it",
    worst="error",
    shows_gpu=True,
    stage="bus",
    blocks="firmware",
    remedies=("power-cycle",),
)
def no_answer() -> None:
    """The driver found the card on the bus, asked for its first registers, and got nothing: it has no power, does not
    wake from a power state, or its slot or riser is at fault.
    """
