"""`Machine`: everything read from one host, once.

A reading that can fail is the value *or* an `Unread` with the reason, so that no later code can confuse "cannot check"
with "nothing wrong".
"""

from gpusetup.machine.model.bus import DeviceNode, PciGpu
from gpusetup.machine.model.containers import CdiSpec, Containers
from gpusetup.machine.model.driver import Driver
from gpusetup.machine.model.frameworks import Framework, Trial
from gpusetup.machine.model.gpu import Gpu, LinkCounters, MigDevice, Peer, Process, VgpuLicence
from gpusetup.machine.model.kernel import Boot, Kernel, Module, ModuleBuild, ModuleFile
from gpusetup.machine.model.machine import Machine
from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading, Unread, Why
from gpusetup.machine.model.software import Distribution, Library, NeededLibrary, Package, SharedFile
from gpusetup.machine.model.system import Disk, Limits, Mok, Service, SigningKey, System

__all__ = [
    "NOT_RECORDED",
    "Boot",
    "CdiSpec",
    "Containers",
    "DeviceNode",
    "Disk",
    "Distribution",
    "Driver",
    "Framework",
    "Gpu",
    "Kernel",
    "Library",
    "Limits",
    "LinkCounters",
    "Machine",
    "MigDevice",
    "Module",
    "ModuleBuild",
    "ModuleFile",
    "Mok",
    "NeededLibrary",
    "Package",
    "Pairs",
    "PciGpu",
    "Peer",
    "Process",
    "Reading",
    "Service",
    "SharedFile",
    "SigningKey",
    "System",
    "Trial",
    "Unread",
    "VgpuLicence",
    "Why",
]
