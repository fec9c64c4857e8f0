"""DRV2…: how the driver was installed, by whom, and what will replace it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.subjects import NVML_SILENT, has_gpu
from gpusetup.doctor.rule import RuleResults, error, failure, fix, info, optional, rule, there, warning
from gpusetup.machine.model import Machine, Package, Service, Unread

README = "NVIDIA driver README, chapters on installation"
ON_HOST = "the host's own folders are judged without it"
OPERATOR = "https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/"
PARTS = (
    "akmod-nvidia", "dkms-nvidia", "kmod-nvidia", "libcuda1", "libnvidia-compute", "linux-modules-nvidia",
    "nvidia-dkms", "nvidia-driver", "nvidia-kernel", "nvidia-kmod", "nvidia-lts", "nvidia-open", "nvidia-utils",
    "xorg-x11-drv-nvidia",
)  # fmt: skip
"""How the names of the driver's packages begin, by the distributions."""
DAEMONS = ("nvidia-imex", "nvidia-gridd", "nvidia-persistenced", "nvidia-dcgm", "dcgm", "nv-hostengine")
UPDATERS = ("unattended-upgrades", "dnf-automatic", "dnf5-automatic")


def each_daemon(machine: Machine) -> Iterator[tuple[str, Service]]:
    """Every service of NVIDIA's that runs all the time; of the fabric manager another rule speaks."""
    for one in machine.system.services:
        if one.name in DAEMONS and has_gpu(machine):
            yield one.name, one


def driver_packages(machine: Machine) -> list[Package]:
    """Return the packages that the driver itself is made of: no toolkit, no container tools."""
    return [one for one in there(machine.packages) or () if one.name.startswith(PARTS)]


@rule(
    "DRV201",
    "no-interrupts",
    "No interrupts arrive from a GPU",
    worst="error",
    after=("GPU001", NVML_SILENT),
    source=nvml.SOURCE,
    remedies=("firmware-settings",),
)
def no_interrupts(machine: Machine) -> RuleResults:
    """NVML answers 11: the kernel does not deliver a GPU's interrupts. Message-signalled interrupts (MSI) are off, or
    the firmware or the IOMMU is at fault.
    """
    refused = nvml.refusal(machine, nvml.IRQ_ISSUE)
    gpus = () if isinstance(machine.gpus, Unread) else machine.gpus
    said = refused or next((one for gpu in gpus if (one := nvml.complaint(gpu, nvml.IRQ_ISSUE))), None)
    if said:
        yield error(
            "the kernel delivers no interrupts of a GPU",
            f"{said.source} answers 11: {nvml.meaning(11)}",
            fix=fix("firmware-settings"),
        )


@rule(
    "DRV202",
    "mixed-installation",
    "Driver installed by packages and by NVIDIA's .run installer",
    worst="warning",
    after=("GPU001",),
    source=README,
    remedies=("run-file-uninstall",),
)
def run_file(machine: Machine) -> RuleResults:
    """The uninstaller of NVIDIA's .run file is here beside packages of the driver: each overwrites files of the other,
    and after the next update the versions do not fit.
    """
    programs = dict(there(machine.driver.programs) or ())
    # the .run file leaves these behind; distributions' packages do without them
    left = programs.get("nvidia-uninstall") or programs.get("nvidia-installer")
    packages = driver_packages(machine) if left else []
    if left and packages:
        yield warning(
            "the driver was installed twice: by packages and by NVIDIA's .run file",
            f"of the .run file: {left}",
            f"packages: {', '.join(one.name for one in packages[:4])}",
            fix=fix("run-file-uninstall"),
        )


@rule(
    "DRV203",
    "mixed-repositories",
    "Driver packages come from different repositories",
    worst="warning",
    after=("GPU001",),
    source="RPM Fusion: Howto/NVIDIA; NVIDIA driver installation guide, Fedora",
    remedies=("one-maker",),
)
def two_makers(machine: Machine) -> RuleResults:
    """Packages of the driver come from two repositories, RPM Fusion's and NVIDIA's for instance. They are cut
    differently and updated at different times, so that the module and the libraries part sooner or later.
    """
    # rpm keeps the vendor of what is installed; dpkg's database does not say from which repository a package came
    makers = {one.maker for one in driver_packages(machine) if one.manager == "rpm" and one.maker}
    if len(makers) > 1:
        by = {maker: [one.name for one in driver_packages(machine) if one.maker == maker] for maker in sorted(makers)}
        yield warning(
            f"the driver's packages come from {len(makers)} makers",
            *(f"{maker}: {', '.join(names[:3])}" for maker, names in by.items()),
            fix=fix("one-maker"),
        )


@rule(
    "DRV204",
    "both-flavours-installed",
    "Open and proprietary kernel modules are both installed",
    worst="warning",
    after=("GPU001",),
    source="github.com/NVIDIA/open-gpu-kernel-modules: README.md",
    remedies=("one-flavour",),
)
def two_flavours(machine: Machine) -> RuleResults:
    """Packages of the open and of the proprietary module are installed for the same purpose: which one is loaded
    depends on which was built last.
    """
    names = {one.name for one in driver_packages(machine)}
    for name in sorted(names):
        for other in (f"{name}-open", *(name.replace(part, f"{part}-open", 1) for part in ("nvidia", "nvidia-kernel"))):
            # only packages of modules have a flavour: nvidia-driver-580 and nvidia-driver-580-open may share libraries
            if other in names and other != name and re.search(r"dkms|kmod|kernel", name):
                yield warning(f"{name} and {other} are both installed", name, other, fix=fix("one-flavour"))
                return


@rule(
    "DRV205",
    "nvidia-smi-missing",
    "nvidia-smi is not installed",
    worst="info",
    after=("GPU001", "DRV003", NVML_SILENT),
    source=README,
    remedies=("smi",),
)
def no_smi(machine: Machine) -> RuleResults:
    """The driver works, but its tool is not here: some distributions have it in a package of its own. Nothing needs it
    but people and scripts.
    """
    programs = there(machine.driver.programs)
    works = has_gpu(machine) and not failure(machine.gpus, nvml.SILENT)
    if works and programs is not None and "nvidia-smi" not in dict(programs):
        yield info("nvidia-smi is not installed", "not on the path", fix=fix("smi"))


@rule(
    "DRV207",
    "service-failed",
    "An enabled NVIDIA service is not running",
    worst="warning",
    after=("GPU001", "DRV001", "KRN001", "KRN002"),
    over=each_daemon,
    required=False,
    source="systemctl(1); NVIDIA IMEX service guide; NVIDIA virtual GPU licensing user guide",
    remedies=("start-service",),
)
def ended(machine: Machine, daemon: Service) -> RuleResults:
    """The service is started with the machine, and has ended: its own log says why. Without nvidia-imex GPUs of several
    machines do not share memory over NVLink, without nvidia-gridd a vGPU gets no licence.
    """
    if daemon.enabled and there(daemon.running) is False:
        yield warning(
            f"{daemon.name} is enabled and does not run",
            f"{daemon.name}: enabled, not running",
            fix=fix("start-service", name=daemon.name),
        )


@rule(
    "DRV206",
    "automatic-driver-update",
    "Automatic updates may replace the driver while it is in use",
    worst="info",
    after=("GPU001",),
    required=False,
    source="unattended-upgrade(8); dnf-automatic(8)",
    remedies=("hold-driver",),
)
def updates_itself(machine: Machine) -> RuleResults:
    """Updates are installed by themselves and the driver's packages are not held: one day the libraries are new while
    the old module is still loaded, and every program that starts after that fails until the machine is restarted.
    """
    active = [one.name for one in machine.system.services if one.enabled and one.name.startswith(UPDATERS)]
    # apt-mark hold and dnf versionlock are what the updaters respect
    loose = [one.name for one in driver_packages(machine) if not one.held] if active else []
    if loose and has_gpu(machine):
        yield info(
            f"{active[0]} may replace the driver while it runs",
            f"not held: {', '.join(loose[:4])}",
            fix=fix("hold-driver", package=loose[0]),
        )


@rule(
    "DRV208",
    "driver-in-container",
    "The driver is installed by a container, not on the host",
    worst="info",
    after=("GPU001",),
    required=False,
    source=OPERATOR,
    remedies=("driver-container",),
)
def elsewhere(machine: Machine) -> RuleResults:
    """The GPU Operator, GKE and systems such as Talos keep the driver's libraries and tools in a folder of their own,
    from which their containers get them. The host's own folders have none, and need none: nothing is wrong with it.
    """
    # with libraries of its own the host has a driver as well, and this one is not the answer
    own = [one for one in machine.libraries if one.soname.startswith(("libnvidia-ml.so", "libcuda.so"))]
    for who, root in optional(machine.driver.container, ON_HOST) or () if not own else ():
        yield info(
            f"the driver of this host is {who}'s, in {root}",
            f"{root} holds libcuda.so.1; the host's own folders do not",
            fix=fix("driver-container", kind=who, root=root),
        )
        return
