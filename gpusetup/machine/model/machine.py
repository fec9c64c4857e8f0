"""The whole."""

from typing import Literal

from gpusetup.machine.model.bus import DeviceNode, PciGpu
from gpusetup.machine.model.containers import Containers
from gpusetup.machine.model.driver import Driver
from gpusetup.machine.model.frameworks import Framework
from gpusetup.machine.model.gpu import Gpu
from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.machine.model.software import Distribution, Library, NeededLibrary, Package, SharedFile
from gpusetup.machine.model.system import System
from gpusetup.value import Value


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
    needed: Reading[tuple[NeededLibrary, ...]] = NOT_RECORDED
    """What frameworks and NVIDIA's wheels are linked with, as the dynamic linker would resolve it."""
    toolkits: dict[str, str]
    """CUDA toolkits on disk: folder → version, "" when it does not say."""
    nvcc: Reading[str] = NOT_RECORDED
    """The compiler that the path finds, links followed."""
    distributions: tuple[Distribution, ...]
    containers: Containers
    device_majors: Reading[tuple[tuple[str, int], ...]] = NOT_RECORDED
    """NVIDIA's character devices and the major numbers that the kernel gave them (/proc/devices)."""
    slices: Reading[Pairs] = NOT_RECORDED
    """Minor number of a GPU in MIG mode and one of its instances (``1/0``: GPU and compute instance), by the driver's
    files under /proc; a container has only those that it was given."""
    shared_files: tuple[SharedFile, ...] = ()
    """Files that two of the NVIDIA wheels both own."""
    frameworks: tuple[Framework, ...] | None = None
    """What each installed framework reports when it is imported; None without ``--deep``."""
    packages: Reading[tuple[Package, ...]] = NOT_RECORDED
    """Packages of the system that bear on a GPU or on containers."""
    conda: tuple[Package, ...] = ()
    """Packages of the active conda environments that a framework rests on."""
    nvswitches: Reading[int] = NOT_RECORDED
    """NVSwitches on the PCI bus."""
    other_displays: Reading[tuple[str, ...]] = NOT_RECORDED
    """Vendors of the display devices that are not NVIDIA's: ``8086`` is Intel, ``1002`` AMD."""
    udev: Reading[Pairs] = NOT_RECORDED
    """File of udev rules and a line in it that speaks of NVIDIA."""
    libraries_gone: Reading[tuple[str, ...]] = NOT_RECORDED
    """Libraries of a GPU stack that the linker's cache names and that are not there."""
    stuck: Reading[Pairs] = NOT_RECORDED
    """Processes with an open GPU that are in uninterruptible sleep, zombies or ``gone``, with their state; all such
    processes where the driver hangs."""
