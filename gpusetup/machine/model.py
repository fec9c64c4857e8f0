"""`Machine`: everything read from one host, once.

A reading that can fail is the value *or* an `Unread` that says why it is not there, so that nobody downstream can
mistake "could not look" for "nothing wrong".
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypeVar, Union

from gpusetup.value import Value

T = TypeVar("T")

Why = Literal["absent", "denied", "failed", "timeout", "unsupported"]


class Unread(Value):
    """A reading that could not be made.

    `why`: ``absent`` (the thing to read is not there), ``denied`` (no permission), ``failed`` (it answered with an
    error or nonsense), ``timeout`` (it never answered), ``unsupported`` (the hardware or library has no such thing).
    `code` is the NVML return code or errno, where there is one.
    """

    unread: Why
    source: str
    detail: str = ""
    code: int | None = None


Reading: TypeAlias = Union[T, Unread]  # noqa: UP007 - a generic alias needs Union on Python 3.11


class Module(Value):
    """A loaded kernel module; `version` is "" where it has none."""

    name: str
    version: str


class Kernel(Value):
    """The running kernel and what it says of itself."""

    release: Reading[str]
    command_line: Reading[str]
    """The arguments that bear on GPUs (blacklists, nvidia*, nouveau*, iommu, pci=…); no others, which may be secret."""
    modules: Reading[tuple[Module, ...]]
    """Loaded modules of interest: nvidia*, nouveau, nova*, vfio-pci."""
    modules_on_disk: dict[str, tuple[str, ...]]
    """Kernel release → the nvidia modules (file names) built for it, for every kernel under /lib/modules."""
    headers: Reading[bool]
    """Whether the running kernel can be built against (/lib/modules/<release>/build)."""
    taint: Reading[int]
    lockdown: Reading[str]


class System(Value):
    """The operating system around the GPU."""

    arch: str
    distro: Reading[str]
    """ID of os-release, such as ``fedora``."""
    release: Reading[str]
    """VERSION_ID of os-release, such as ``44``."""
    pretty_name: Reading[str]
    kernel: Kernel
    secure_boot: Reading[bool]
    libc: Reading[str]
    gcc: Reading[str]
    python: str
    container: str
    """The container engine we run inside (``podman``, ``docker``, …), "" when none was recognised."""
    virtualization: str
    """``wsl``, ``kvm``, … as far as /proc and DMI tell, "" when none was recognised."""
    cpu: Reading[str]
    cpus: int
    memory_bytes: Reading[int]
    environment: dict[str, str]
    """Only the variables that change how CUDA or a framework behaves (see ``machine/environment.py``)."""


class Driver(Value):
    """The driver version as each of its parts says it."""

    nvml: Reading[str]
    """nvmlSystemGetDriverVersion."""
    nvml_library: Reading[str]
    """nvmlSystemGetNVMLVersion."""
    cuda: Reading[str]
    """The newest CUDA the driver runs, ``13.0`` (nvmlSystemGetCudaDriverVersion_v2)."""
    kernel_module: Reading[str]
    """/proc/driver/nvidia/version or /sys/module/nvidia/version."""
    module_license: Reading[str]
    """Licence of the module on disk or loaded; ``Dual MIT/GPL`` is the open flavour."""
    user_library: Reading[str]
    """Version in the file name that libcuda.so.1 resolves to."""


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


class DeviceNode(Value):
    """One of /dev/nvidia*, and whether this user may open it for reading and writing."""

    path: str
    usable: bool


class Library(Value):
    """One file the dynamic linker could pick for a soname, in the linker's order."""

    soname: str
    path: str
    version: str
    """As far as the file name tells, "" when it does not."""
    origin: Literal["LD_LIBRARY_PATH", "ld.so.cache", "default", "wheel", "toolkit"]


class Distribution(Value):
    """One installed Python distribution, from its metadata; nothing is imported."""

    name: str
    version: str
    location: str


class Containers(Value):
    """Container engines, the NVIDIA container toolkit and its CDI specifications."""

    engines: dict[str, str]
    """Engine or tool (podman, docker, nvidia-ctk, …) → path."""
    cdi_specs: tuple[str, ...]


class Machine(Value):
    """Everything read from one host. `gpusetup` is the version that read it, `read_at` UTC in ISO 8601."""

    version: Literal[1] = 1
    gpusetup: str
    read_at: str
    sysroot: str
    system: System
    driver: Driver
    gpus: Reading[tuple[Gpu, ...]]
    pci: Reading[tuple[PciGpu, ...]]
    device_nodes: Reading[tuple[DeviceNode, ...]]
    libraries: tuple[Library, ...]
    toolkits: dict[str, str]
    """CUDA toolkits on disk: folder → version, "" when it does not say."""
    distributions: tuple[Distribution, ...]
    containers: Containers
