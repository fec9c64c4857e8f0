"""GPUs as the driver sees them."""

from gpusetup.machine.model.reading import NOT_RECORDED, Reading
from gpusetup.value import Value


class Process(Value):
    """A process that holds the GPU; `memory` in bytes, None where the driver does not report it."""

    pid: int
    memory: int | None
    graphics: bool


class MigDevice(Value):
    """One slice of a GPU in MIG mode."""

    index: int
    name: Reading[str]
    uuid: Reading[str]
    memory_total: Reading[int]
    gpu_instance: Reading[int] = NOT_RECORDED
    compute_instance: Reading[int] = NOT_RECORDED


class VgpuLicence(Value):
    """A feature of a vGPU that needs a licence."""

    product: str
    licensed: bool


class Peer(Value):
    """How another GPU of this machine is reached."""

    index: int
    level: Reading[int]
    """nvmlGpuTopologyLevel: 0 same board, 10 one switch, 20 several, 30 host bridge, 40 NUMA node, 50 system."""
    p2p_read: Reading[int]
    """nvmlGpuP2PStatus of reading: 0 OK, 1 chipset, 2 GPU, 3 topology, 4 disabled by a key, 5 not supported."""


class LinkCounters(Value):
    """One NVLink of the fifth generation: its events since the driver was loaded."""

    link: int
    recovered: int
    """How often the link failed, was trained again and came back."""
    recovery_failed: int
    """How often it did not come back."""
    malformed: int
    overruns: int
    integrity: int
    """How often the count of local errors went beyond its threshold."""
    effective: int
    """Errors that were left after error correction."""


class Gpu(Value):
    """One GPU as NVML sees it. Bytes, MHz, degrees Celsius, watts."""

    index: int
    name: Reading[str]
    uuid: Reading[str]
    pci_address: Reading[str]
    compute_capability: Reading[str]
    memory_total: Reading[int]
    memory_used: Reading[int]
    temperature: Reading[int]
    temperature_limit: Reading[int]
    power: Reading[float]
    power_limit: Reading[float]
    clock_sm: Reading[int]
    clock_sm_max: Reading[int]
    throttle_reasons: Reading[int]
    """Bit mask of nvmlClocksEventReasons."""
    persistence: Reading[bool]
    compute_mode: Reading[int]
    ecc: Reading[bool]
    ecc_uncorrected: Reading[int]
    """Aggregate count of uncorrected memory errors."""
    retired_pending: Reading[bool]
    remapped_rows: Reading[tuple[int, int, bool, bool]]
    """Correctable, uncorrectable, pending, failure."""
    mig: Reading[bool]
    pcie_gen: Reading[tuple[int, int]]
    """Current and maximum link generation."""
    pcie_width: Reading[tuple[int, int]]
    """Current and maximum link width in lanes."""
    architecture: Reading[str] = NOT_RECORDED
    """``Pascal``, ``Ada``, …; the number as text where it is newer than our list."""
    pci_device: Reading[str] = NOT_RECORDED
    """PCI device id, as sysfs has it too."""
    minor: Reading[int] = NOT_RECORDED
    """N of /dev/nvidiaN."""
    vbios: Reading[str] = NOT_RECORDED
    bar1_total: Reading[int] = NOT_RECORDED
    """Bytes of the GPU's memory that the processor can map at once."""
    performance_state: Reading[int] = NOT_RECORDED
    """0 is the fastest, 15 the slowest."""
    power_limit_default: Reading[float] = NOT_RECORDED
    ecc_pending: Reading[bool] = NOT_RECORDED
    """The ECC mode after the next reset."""
    ecc_volatile: Reading[int] = NOT_RECORDED
    """Uncorrected memory errors since the driver was loaded."""
    ecc_corrected: Reading[int] = NOT_RECORDED
    """Corrected memory errors since the driver was loaded."""
    retired_pages: Reading[tuple[int, int]] = NOT_RECORDED
    """Pages retired for single-bit and for double-bit errors (GPUs before Ampere)."""
    pcie_replays: Reading[int] = NOT_RECORDED
    processes: Reading[tuple[Process, ...]] = NOT_RECORDED
    mig_pending: Reading[bool] = NOT_RECORDED
    mig_devices: Reading[tuple[MigDevice, ...]] = NOT_RECORDED
    nvlinks: Reading[tuple[bool, ...]] = NOT_RECORDED
    """Whether each NVLink is active; none on a GPU without."""
    gsp_firmware: Reading[str] = NOT_RECORDED
    """Version of the firmware that runs on the GPU's own processor."""
    gsp_mode: Reading[tuple[bool, bool]] = NOT_RECORDED
    """Whether that firmware is in use, and whether it is by default."""
    virtualization: Reading[int] = NOT_RECORDED
    """0 none, 1 passed through to this VM, 2 a vGPU in this VM, 3 a host of vGPUs, 4 a host of vSGA."""
    recovery_action: Reading[int] = NOT_RECORDED
    """What the driver asks for: 0 nothing, 1 reset, 2 reboot, 3 drain peers, 4 drain and reset, …"""
    fabric: Reading[tuple[int, int]] = NOT_RECORDED
    """State of joining the NVLink fabric (1 not started, 2 in progress, 3 completed) and its NVML code."""
    peers: Reading[tuple[Peer, ...]] = NOT_RECORDED
    """How each other GPU is reached."""
    clock_memory: Reading[int] = NOT_RECORDED
    clock_memory_max: Reading[int] = NOT_RECORDED
    application_clock: Reading[tuple[int, int]] = NOT_RECORDED
    """The multiprocessors' clock that programs are given, and the one that the card comes with."""
    memory_temperature: Reading[int] = NOT_RECORDED
    memory_temperature_limit: Reading[int] = NOT_RECORDED
    fan: Reading[int] = NOT_RECORDED
    """Intended speed in percent; servers cool their GPUs with fans of their own."""
    inforom: Reading[int] = NOT_RECORDED
    """Checksum of the InfoROM; NVML returns 14 when it is corrupted."""
    sram_errors: Reading[tuple[int, int, bool]] = NOT_RECORDED
    """Errors of on-chip memory (registers, caches) over the card's life: corrected, uncorrected; and whether they are
    beyond NVIDIA's own limit, from which on the card is to be replaced."""
    spare_rows: Reading[tuple[int, int, int, int, int]] = NOT_RECORDED
    """Memory banks by how many spare rows are left: all, many, some, few, none."""
    nvlink_errors: Reading[tuple[int, int, int]] = NOT_RECORDED
    """Errors of all NVLinks since the driver was loaded: checksum, replay, recovery."""
    licences: Reading[tuple[VgpuLicence, ...]] = NOT_RECORDED
    vgpus: Reading[int] = NOT_RECORDED
    """How many vGPUs this GPU gives to virtual machines."""
    fabric_mask: Reading[int] = NOT_RECORDED
    """What is wrong with this GPU's part of the NVLink fabric (``NVML_GPU_FABRIC_HEALTH_MASK_…``)."""
    fabric_summary: Reading[int] = NOT_RECORDED
    """1 healthy, 2 unhealthy, 3 limited capacity."""
    fabric_clique: Reading[int] = NOT_RECORDED
    """GPUs of one clique reach each other's memory over NVLink."""
    fabric_cluster: Reading[str] = NOT_RECORDED
    """UUID of the NVLink domain, "" on a machine that is one by itself."""
    nvlink_counters: Reading[tuple[LinkCounters, ...]] = NOT_RECORDED
    """Of each NVLink that is up; only those of the fifth generation (Blackwell) have them."""
    nvlink_speeds: Reading[tuple[int, ...]] = NOT_RECORDED
    """Megabytes per second of each NVLink that is up."""
    c2c_links: Reading[tuple[bool, ...]] = NOT_RECORDED
    """Whether each link to the processor of the same superchip is up (GH200, GB200)."""
    c2c_errors: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    temperature_margin: Reading[int] = NOT_RECORDED
    """Degrees that are left to the nearest limit."""
    temperature_margins: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    """At which margin a limit takes hold: ``shutdown``, ``slowdown``, ``memory``, ``operating``."""
    throttled: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    """Milliseconds since the driver was loaded in which a protection held the clocks down: ``thermal``, ``power
    brake``, …"""
    pcie_errors: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    """Errors of the PCIe link that the GPU itself counts: ``fatal``, ``correctable``, …"""
    repairs: Reading[tuple[bool, bool]] = NOT_RECORDED
    """Whether the repair of a memory channel, and that of a TPC, waits for a reset."""
    unrepairable_memory: Reading[bool] = NOT_RECORDED
    """Whether memory has failed that neither rows nor channels can replace."""
    inactive_rows: Reading[tuple[int, int]] = NOT_RECORDED
    """Remappings of rows that are recorded and not in use: for corrected, for uncorrected errors."""
    bank_remaps: Reading[tuple[int, int, int, bool]] = NOT_RECORDED
    """Remapped memory banks in use and not in use, groups without a spare bank, and whether one waits for a reset."""
    module_id: Reading[int] = NOT_RECORDED
    """Place on its baseboard, counted from 1."""
    place: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    """Place in its rack: ``slot``, ``tray``, ``host``, ``module``."""
    addressing: Reading[int] = NOT_RECORDED
    """How the GPU reaches the system's page tables: 0 not at all, 1 by software (HMM), 2 by hardware (ATS)."""
    inforom_valid: Reading[bool] = NOT_RECORDED
    """Whether the InfoROM passes the driver's validation; NVML answers 14 when it does not."""
    utilization: Reading[int] = NOT_RECORDED
    """Percent of the driver's last sampling period in which a kernel ran: it says nothing of how well it ran."""
