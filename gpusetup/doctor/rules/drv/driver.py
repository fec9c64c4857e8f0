"""DRV0…: does the driver answer, and do its parts agree."""

from __future__ import annotations

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.subjects import has_card, has_gpu, is_jetson
from gpusetup.doctor.remedies.system_kind import image_keys
from gpusetup.doctor.rule import (
    Fix,
    RuleResults,
    UnreadError,
    either,
    error,
    failure,
    fix,
    known,
    recorded,
    rule,
    there,
)
from gpusetup.doctor.software.linker import is_compat, linker_finds
from gpusetup.machine.model import Machine, Unread

NVML_SONAME = "libnvidia-ml.so.1"
OF_LIBRARIES = (
    "libnvidia-ml",
    "nvidia-compute-G",
    "nvidia-driver-cuda-libs",
    "nvidia-driver-NVML",
    "libnvidia-compute",
    "xorg-x11-drv-nvidia-cuda-libs",
    "nvidia-compute-utils",
    "nvidia-utils",
)
"""How the packages begin that hold libnvidia-ml.so.1, by the distributions."""
NOBODY = 65534
"""The user that stands for all that a user namespace does not map (user_namespaces(7), overflowuid)."""
OPEN_MODE = "rw-rw-rw-"
"""How ``ls`` ends the mode of a node that everyone may open."""


@rule(
    "DRV001",
    "nvml-init-failed",
    "NVML initialisation fails",
    worst="error",
    blocks="driver library",
    symptom=True,
    after=("GPU001", "DRV208", "CTR108"),
    source=nvml.SOURCE,
    remedies=("kernel-log",),
)
def silent(machine: Machine) -> RuleResults:
    """The driver's management library cannot say anything about the GPUs, and nothing more special explains why.

    Everything that asks the driver (nvidia-smi, container engines, most of these checks) fails with it.
    """
    if isinstance(machine.gpus, Unread):
        # without a code NVML was never asked (no library, a folder): that is a reading that lacks, and no answer
        no_nvml = machine.gpus.code == nvml.LIBRARY_NOT_FOUND and is_jetson(machine)  # it came with JetPack 6
        if machine.gpus.code is None or no_nvml or not has_gpu(machine):
            raise UnreadError(machine.gpus)
        yield error(
            f"NVML does not answer: {nvml.meaning(machine.gpus.code)}",
            f"{machine.gpus.source} answers {machine.gpus.code}",
            machine.gpus.detail,
            fix=fix("kernel-log"),
        )


@rule(
    "DRV002",
    "nvml-library-missing",
    "NVML library libnvidia-ml.so.1 is missing",
    worst="error",
    blocks="driver library",
    after=("GPU001", "DRV003", "CTR001", "CTR202", "DRV208", "LIB005"),
    source=nvml.SOURCE,
    remedies=("driver-userland", "reinstall-library", "reinstall-driver"),
)
def library_missing(machine: Machine) -> RuleResults:
    """``libnvidia-ml.so.1`` cannot be loaded although a driver is there.

    It comes with the driver's user-space packages, which some distributions split off; in a container it is mounted
    from the host when the container asks for the ``utility`` capability. A file that is there but damaged gives the
    same answer: the loader's own message, under the evidence, tells them apart.
    """
    said = nvml.refusal(machine, nvml.LIBRARY_NOT_FOUND)
    if said and has_card(machine):
        # a copy that is listed and cannot be loaded is damaged, of another architecture, or out of the loader's path
        found = [one.path for one in machine.libraries if one.soname.startswith("libnvidia-ml.so")]
        yield error(
            "the driver's NVML library cannot be loaded",
            f"the loader says: {said.detail or nvml.meaning(12)}",
            f"copies of libnvidia-ml.so.1 found: {', '.join(found) or 'none'}",
            fix=_library_again(machine, said.detail),
        )


def _library_again(machine: Machine, said: str) -> Fix:
    """Return how the library comes back: reinstalled where its file is there, else installed."""
    damaged = next((one for one in machine.libraries if one.path in said and one.soname == NVML_SONAME), None)
    if damaged is None:
        return fix("driver-userland")
    if package := damaged.owner or _package_of_libraries(machine):
        return fix("reinstall-library", package=package, path=damaged.path)
    return fix("reinstall-driver", path=damaged.path)


def _package_of_libraries(machine: Machine) -> str:
    names = (one.name for one in there(machine.packages) or ())
    return next((name for name in names if name.startswith(OF_LIBRARIES)), "")


@rule(
    "DRV003",
    "driver-not-installed",
    "NVIDIA driver is not installed",
    worst="error",
    stage="kernel module",
    blocks="kernel module",
    after=("GPU001", "DRV208"),
    source="NVIDIA driver README",
    remedies=("install-driver",),
)
def not_installed(machine: Machine) -> RuleResults:
    """There is an NVIDIA GPU, but neither a kernel module for any installed kernel nor the driver's libraries.

    `gpusetup install` prints the recipe that installs the driver which fits this card.
    """
    if has_card(machine) and no_part_of_a_driver(machine):
        yield error(
            "there is an NVIDIA GPU, but no NVIDIA driver is installed",
            "no nvidia kernel module for any installed kernel",
            "no libnvidia-ml.so.1 and no libcuda.so.1 on the library path",
            fix=fix("install-driver"),
        )


def no_part_of_a_driver(machine: Machine) -> bool:
    """Say whether the host has no module, loaded or on disk, and none of the libraries.

    Any part of a driver is an installation that is broken, which other rules name better.
    """
    built = [files for files in machine.system.kernel.modules_on_disk.values() if files]
    loaded = "nvidia" in {module.name for module in known(machine.system.kernel.modules)}
    libraries = [one for one in machine.libraries if one.soname.startswith(("libnvidia-ml.so", "libcuda.so"))]
    return not (built or loaded or libraries or machine.system.container)


@rule(
    "DRV004",
    "driver-version-mismatch",
    "Driver/library version mismatch",
    worst="error",
    blocks="driver library",
    after=("GPU001", "LIB002", "LIB006"),
    source=nvml.SOURCE,
    remedies=("restart", "same-version", "image-rollback", "own-libraries"),
)
def version_mismatch(machine: Machine) -> RuleResults:
    """The kernel runs the module of one driver version while the libraries on disk are of another.

    Where the module on disk is of the libraries' version, an update has replaced the driver while its old module is
    loaded, and a restart loads the new one. Where the module on disk is the loaded one, a restart changes nothing: the
    packages of the module and of the libraries are of two versions, or the system's image is. A container that has
    driver libraries of its own has to have them of the version of the host's module.
    """
    module = there(machine.driver.kernel_module)
    library = there(machine.driver.user_library) if module else None
    refused = nvml.refusal(machine, nvml.LIB_RM_VERSION_MISMATCH)
    # a forward-compatibility libcuda is of another version on purpose: LIB006 speaks of it
    compat = any(is_compat(one) for one in linker_finds(machine, "libcuda.so.1")[:1])
    inside = machine.system.container
    # NVML compares them itself (error 18), but a folder (--sysroot) has no NVML to ask
    if refused or (module and library and module != library and not compat):
        yield error(
            f"libcuda.so.1 in this container is of another version than the host's kernel module ({library}, {module})"
            if inside and module and library
            else "the driver's library and its loaded kernel module are of different versions",
            f"loaded kernel module: {module or 'unknown'}",
            f"library on disk: {library or 'unknown'}",
            *([f"NVML answers 18: {nvml.meaning(18)}"] if refused else []),
            fix=_one_version(machine, module or "", library or ""),
        )


def _one_version(machine: Machine, module: str, library: str) -> Fix:
    """Return what makes the module and the libraries one version: a restart only where another module is on disk."""
    if machine.system.container and module and library:
        return fix("own-libraries", module=module, library=library)
    on_disk = there(recorded(machine.system.kernel.module_file.version, ""))
    if not module or not library or on_disk != module:
        return fix("restart")
    if "nixos" in image_keys(machine):  # the module read is that of the booted system, the libraries of the next one
        return fix("restart")
    if image_keys(machine):
        return fix("image-rollback", module=module, library=library)
    return fix("same-version", module=module, library=library)


@rule(
    "DRV005",
    "driver-hang",
    "The driver hangs",
    worst="error",
    blocks="driver library",
    after=("GPU001", "LOG002"),
    source="https://docs.nvidia.com/deploy/xid-errors/",
    remedies=("kernel-log",),
)
def hangs(machine: Machine) -> RuleResults:
    """A call into the driver did not return within the deadline (``--deadline``).

    A GPU that stopped answering (Xid 119 or 120 in the kernel log: its GSP processor timed out) leaves every process
    that touches it waiting in the kernel, where it cannot be killed. A restart of the machine is the reliable way
    out.
    """
    stuck = [one for one in _unread(machine) if one and one.unread == "timeout"]
    # one call that hangs takes every later one with it, so the first is the finding
    for one in stuck[:1]:
        yield error(
            "the driver does not return from a call",
            f"{one.source} did not answer in time",
            one.detail,
            fix=fix("kernel-log"),
        )


def _unread(machine: Machine) -> list[Unread | None]:
    if isinstance(machine.gpus, Unread):
        return [failure(machine.gpus, nvml.SILENT)]
    return [failure(one, nvml.UNANSWERED) for gpu in machine.gpus for one in nvml.readings(gpu)]


@rule(
    "DRV006",
    "nvml-no-permission",
    "NVML has no permission to open the GPUs",
    worst="error",
    blocks="driver library",
    after=("GPU001", "PRM002", "CTR001", "CTR108", "WSL005"),
    source=nvml.SOURCE,
    remedies=("device-permission", "device-cgroup", "keep-groups", "recreate-container"),
)
def denied(machine: Machine) -> RuleResults:
    """NVML starts but this user, cgroup or security module may not open the GPUs (NVML errors 4 and 17).

    On a host the device nodes' owner and mode decide, in a container the device cgroup: after ``systemctl
    daemon-reload`` a running container can lose its GPUs; starting it again through CDI keeps them.
    """
    # 17: "blocked by the operating system/cgroups" (nvml.h); 4 is the node's own mode
    said = nvml.refusal(machine, nvml.NO_PERMISSION, nvml.OPERATING_SYSTEM)
    if said:
        yield error(
            "NVML may not open the GPUs",
            f"NVML answers {said.code}: {nvml.meaning(said.code)}",
            fix=open_the_nodes(machine, *(node.path for node in there(machine.device_nodes) or ())),
        )


def open_the_nodes(machine: Machine, *paths: str) -> Fix:
    """Return what lets this user open the nodes at `paths`, by what refuses them: their mode or a cgroup."""
    nodes = [node for node in there(machine.device_nodes) or () if node.path in paths and node.mode]
    modes = [node.mode for node in nodes]
    if nodes and all(node.owner == NOBODY and not node.mode.endswith(OPEN_MODE) for node in nodes):
        return fix("keep-groups")
    # the mode is looked at first, since a cgroup leaves no trace in it
    if not modes or not all(mode.endswith(OPEN_MODE) for mode in modes):
        return fix("device-permission")
    return fix("recreate-container" if machine.system.container else "device-cgroup")


@rule(
    "DRV007",
    "module-not-loaded",
    "The nvidia kernel module is not loaded",
    worst="error",
    stage="kernel module",
    blocks="device nodes",
    symptom=True,
    after=("GPU001", "KRN002"),
    source=nvml.SOURCE,
    remedies=("load-module",),
)
def not_loaded(machine: Machine) -> RuleResults:
    """NVML says that the driver is not loaded (error 9), and nothing more special explains why."""
    if nvml.refusal(machine, nvml.DRIVER_NOT_LOADED):
        yield error(
            "the NVIDIA kernel module is not loaded",
            f"NVML answers 9: {nvml.meaning(9)}",
            f"version of the loaded module: {either(machine.driver.kernel_module) or 'none'}",
            fix=fix("load-module"),
        )
