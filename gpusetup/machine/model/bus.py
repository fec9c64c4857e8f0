"""The PCI bus and the device nodes."""

from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.value import Value


class PciGpu(Value):
    """One NVIDIA display device on the PCI bus; found with no driver installed."""

    address: str
    device_id: str
    """Four hexadecimal digits, lower case (vendor is 10de)."""
    class_code: str
    driver: str
    """The kernel driver bound to it, "" when none is."""
    runtime_status: Reading[str]
    numa_node: Reading[int]
    link_speed: Reading[tuple[float, float]] = NOT_RECORDED
    """GT/s, now and at most; a GPU at rest slows its link down."""
    link_width: Reading[tuple[int, int]] = NOT_RECORDED
    """Lanes, now and at most."""
    bars: Reading[tuple[int, ...]] = NOT_RECORDED
    """Bytes of each of the six address regions; 0 where a region is unused or the firmware assigned no address."""
    aer_errors: Reading[tuple[int, int, int]] = NOT_RECORDED
    """PCIe errors since boot: correctable, non-fatal, fatal."""
    information: Reading[Pairs] = NOT_RECORDED
    """What the loaded driver says of it (/proc/driver/nvidia/gpus): Model, Device Minor, GPU Firmware, GPU Excluded."""
    iommu: Reading[str] = NOT_RECORDED
    """Its IOMMU mode: ``identity`` (addresses pass unchanged), ``DMA``, ``DMA-FQ``; absent without one."""
    local_cpus: Reading[str] = NOT_RECORDED
    """The processors next to it, as ``0-15,32-47``."""
    acs: Reading[bool] = NOT_RECORDED
    """Whether a bridge above it redirects peer-to-peer traffic through the root complex (ACS)."""


class DeviceNode(Value):
    """One of /dev/nvidia*, and whether this user may open it for reading and writing."""

    path: str
    usable: bool
    mode: str = ""
    """As ``ls`` writes it, ``crw-rw----``."""
    owner: int = -1
    group: int = -1
    major: int = -1
    minor: int = -1
