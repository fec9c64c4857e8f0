"""LOG21… and LOG22…: messages of the driver about one part of it or of the card, listed in ``judged.json``."""

from __future__ import annotations

from gpusetup.doctor.messages.rule import log_rule


@log_rule(
    "LOG212",
    "gsp-crashed",
    "GSP firmware crashed or does not respond",
    worst="error",
    shows_gpu=True,
    stage="firmware",
    blocks="firmware",
    remedies=("reset-some-gpu", "newer-driver"),
    after=("XID001", "XID002", "XID010"),
)
def gsp_crashed() -> None:
    """The GSP runs part of the driver as firmware. It crashed, locked up, or left a call (RPC) unanswered: the GPU
    needs a reset. When it comes again, another driver version is worth a try before the card is suspected.
    """


@log_rule(
    "LOG213",
    "gpu-memory-log",
    "Driver messages about GPU memory faults (MMU, ECC)",
    worst="error",
    remedies=("watch-memory",),
    after=("XID001", "XID002", "XID003", "XID007"),
)
def gpu_memory() -> None:
    """The driver met a page fault outside any program's work, read back other data than it wrote, or could not take a
    faulty page offline. Without an Xid beside it the cause is open: the card's memory, its PCIe link, or the driver.
    """


@log_rule(
    "LOG214",
    "nvlink-setup-failed",
    "NVLink or fabric setup failed",
    worst="error",
    remedies=("nvlink", "fabric-log"),
    after=("XID004", "FAB001", "FAB002", "LOG106", "LOG201", "LOG208"),
)
def nvlink_setup() -> None:
    """An NVLink could not be trained, runs degraded, or the GPU did not get into the fabric: the link or its bridge, an
    NVSwitch, or a fabric manager (on NVLink 5 its subnet manager as well) that does not run.
    """


@log_rule(
    "LOG215",
    "confidential-computing-failed",
    "Confidential computing of a GPU could not be set up",
    worst="warning",
    remedies=("confidential-ready",),
    after=("LOG208",),
)
def confidential() -> None:
    """The driver could not establish the encrypted session (SPDM) with a GPU, or the GPU, the CPU or the platform does
    not support confidential computing. A kernel without its crypto modules (ecdsa, ecdh) fails here too.
    """


@log_rule(
    "LOG216",
    "driver-out-of-memory",
    "The driver could not allocate memory",
    worst="error",
    remedies=("kernel-log",),
    after=("LOG201", "LOG208", "XID001", "XID002"),
)
def out_of_memory() -> None:
    """An allocation of the driver failed: GPU memory for itself, memory of the machine, a DMA mapping, or on coherent
    systems (Grace) the onlining of GPU memory as a NUMA node.
    """


@log_rule(
    "LOG217",
    "module-init-failed",
    "The nvidia kernel module failed to initialise",
    worst="error",
    blocks="kernel module",
    remedies=("kernel-log", "no-branch-tracking", "one-flavour"),
)
def module_init() -> None:
    """The nvidia module was loaded and failed before it looked at any GPU: another copy holds its device numbers, the
    kernel refused it what it needs, or stopped it as code without landing instructions (IBT).
    """


@log_rule(
    "LOG218",
    "suspend-refused",
    "A suspend without preserved GPU memory was refused, or failed",
    worst="warning",
    remedies=("suspend-services", "kernel-log", "driver-out-of-initramfs"),
)
def suspend() -> None:
    """With NVreg_PreserveVideoMemoryAllocations the driver saves GPU memory before a suspend, for which the services
    nvidia-suspend and nvidia-resume have to run; some GPUs support suspend to idle (s2idle) only.
    """


@log_rule(
    "LOG219",
    "bar-no-space",
    "No address space for a GPU's BAR (Resizable BAR)",
    worst="error",
    stage="bus",
    blocks="firmware",
    remedies=("firmware-settings",),
    after=("LOG004", "BUS001"),
)
def bar_space() -> None:
    """The kernel or the driver found no room for a GPU's BAR: Above 4G Decoding is off, the window of the bridge above
    is too small (Thunderbolt, hot plug, virtual machines), or the firmware does not support Resizable BAR.
    """


@log_rule(
    "LOG223",
    "mig-vgpu-log",
    "Driver messages about MIG, vGPU or SR-IOV",
    worst="warning",
    remedies=("kernel-log", "vgpu-licence"),
    after=("XID006",),
)
def slices() -> None:
    """A MIG instance could not be created or destroyed, the guest's driver and the host's do not fit each other, or a
    virtual function was not set up.
    """


@log_rule(
    "LOG224",
    "gpudirect-failed",
    "GPUDirect RDMA or dma-buf failed",
    worst="warning",
    remedies=("kernel-log",),
    after=("LOG107",),
)
def gpudirect() -> None:
    """A network adapter or another device asked for GPU memory and did not get it: the two cannot reach each other on
    the PCI bus (ACS, IOMMU, different root complexes), or the program passed memory that cannot be mapped.
    """


@log_rule(
    "LOG225",
    "pcie-aer-log",
    "PCIe AER errors of a GPU in the kernel log",
    worst="error",
    remedies=("reseat",),
    after=("XID001",),
    source="Linux kernel: drivers/pci/pcie/aer.c, aer_print_error",
)
def aer() -> None:
    """PCIe's advanced error reporting (AER) named a GPU, or another function of its card. Corrected errors cost time
    only; uncorrectable ones lose data, fatal ones the link: riser, slot, cable, or power management of the link (ASPM).
    """


@log_rule(
    "LOG226",
    "device-open-refused",
    "A program opened a GPU that is excluded, removed or absent",
    worst="warning",
    remedies=("excluded-gpu", "find-holders", "make-nodes"),
    after=("LOG201",),
)
def open_refused() -> None:
    """A device node leads to a GPU that the driver excludes (NVreg_ExcludedGpus), has lost, or never had; or a GPU was
    unbound while programs used it.
    """


@log_rule(
    "LOG227",
    "driver-assertion",
    "An assertion of the driver failed",
    worst="warning",
    remedies=("kernel-log",),
    after=("LOG201", "LOG202", "LOG208", "LOG212", "XID001", "XID002", "XID003"),
)
def assertion() -> None:
    """The driver checks its own assumptions and logs the ones that do not hold, with the file and the line. Alone, such
    a message is a fault of the driver or of a program; after a failure of the GPU it is that one's consequence.
    """


@log_rule(
    "LOG228",
    "driver-environment-log",
    "Firmware (ACPI), CPU or module options that the driver objects to",
    worst="info",
    remedies=("kernel-log",),
)
def environment() -> None:
    """The driver says that the firmware's ACPI methods, the CPU or an option of the nvidia module are not as it
    expects. It mostly goes on without.
    """
