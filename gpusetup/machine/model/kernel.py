"""The kernel and the modules that drive a GPU."""

from typing import Literal

from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.value import Value


class Module(Value):
    """A loaded kernel module; `version` is "" where it has none."""

    name: str
    version: str
    uses: int = -1
    """How many modules and programs use it, -1 where that is not reported."""


class ModuleFile(Value):
    """A kernel module on disk, as described by its own .modinfo and signature."""

    path: Reading[str] = NOT_RECORDED
    version: Reading[str] = NOT_RECORDED
    license: Reading[str] = NOT_RECORDED
    """``NVIDIA`` or, of the open flavour, ``Dual MIT/GPL``; a packed module is not unpacked while one is loaded."""
    signer: Reading[str] = NOT_RECORDED
    """Common name of the certificate that signed it; "" when it is not signed."""


class ModuleBuild(Value):
    """What akmods or DKMS made of one driver version for one kernel; `log` is the path of what it said."""

    tool: Literal["akmods", "dkms"]
    version: str
    kernel: str
    state: Literal["built", "failed", "added", "building"]
    """``added``: known to DKMS and built for no kernel yet (`kernel` is then ""). ``building``: its log has no end."""
    log: str
    module: str = ""
    """What its builder calls the module: ``nvidia``, on Debian ``nvidia-current`` and the like."""
    errors: Reading[tuple[str, ...]] = ()
    """Of a build that failed: the lines of its log that speak of an error, the first ones; at most 20."""


class Boot(Value):
    """What /boot holds for the kernels whose files there bear their release."""

    without_initramfs: Reading[tuple[str, ...]] = NOT_RECORDED
    """Releases without an initramfs, where others have one."""
    one_kernel: Reading[int] = NOT_RECORDED
    """The most bytes that the image and the initramfs of one of them take."""
    free: Reading[int] = NOT_RECORDED
    """Bytes left to root in the file system that /boot is in."""


class Kernel(Value):
    """The running kernel, its modules and its log."""

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
    next_release: Reading[str] = NOT_RECORDED
    """The kernel that boots next: the boot loader's choice where it can be read, else the newest that is installed."""
    boot: Boot = Boot()
    module_file: ModuleFile = ModuleFile()
    """The nvidia module that the running kernel would load."""
    builds: Reading[tuple[ModuleBuild, ...]] = NOT_RECORDED
    modprobe: Reading[Pairs] = NOT_RECORDED
    """File of modprobe.d and a line in it that speaks of nvidia, nouveau or nova; comments are left out."""
    log: Reading[tuple[str, ...]] = NOT_RECORDED
    """The kernel's messages that concern a GPU since boot (Xid, NVRM, nouveau, module signatures, PCIe errors), the
    newest last, each as ``[seconds] text``; of more than 500 the first 100 and the last 400."""
    earlier_log: Reading[tuple[str, ...]] = NOT_RECORDED
    """Messages with an Xid from earlier boots, where a logger keeps them as text; at most 100."""
