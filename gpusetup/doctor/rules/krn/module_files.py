"""KRN1…: the module's file, how it was built, and what keeps it from being loaded."""

from __future__ import annotations

from collections.abc import Callable

from gpusetup.doctor.gpu.nvml import UNANSWERED
from gpusetup.doctor.gpu.subjects import NVML_SILENT, has_card
from gpusetup.doctor.kernel.build_errors import cause, is_clang, kernel_gcc
from gpusetup.doctor.rule import (
    RuleResult,
    RuleResults,
    either,
    error,
    fix,
    info,
    known,
    optional,
    recorded,
    rule,
    there,
    warning,
)
from gpusetup.doctor.rules.drv.support import OPEN_LICENSE
from gpusetup.doctor.rules.krn.module import get_module, nvidia_is_built
from gpusetup.machine.model import Machine, ModuleBuild

BUILDERS = ("akmods", "dkms")
MODPROBE = "modprobe.d(5)"
BUILD_REMEDIES = ("build-log", "build-module", "driver-for-kernel", "install-cxx", "install-make", "kernel-clang",
                  "kernel-compiler", "memory-to-build", "room-to-build", "signing-tool")  # fmt: skip
"""Those of the table ``build_errors.toml``, and the one that points to a log which no row fits."""
# ours: enough to see of which kind the others are
SHOWN = 3


@rule(
    "KRN101",
    "module-build-failed",
    "Building the kernel module for the running kernel failed (DKMS, akmods)",
    worst="error",
    after=("GPU001", "DRV003", "HST001"),
    source="akmods(8), dkms(8)",
    remedies=BUILD_REMEDIES,
)
def build_failed(machine: Machine) -> RuleResults:
    """Akmods or DKMS tried to build the module for this kernel and failed. Its log is read, and its first error names
    the cause: a missing compiler or headers, another compiler than the kernel's, a full disk, a kernel that is newer
    than the driver knows.
    """
    kernel = machine.system.kernel
    failed = [build for build in there(kernel.builds) or () if build.state == "failed"]
    # logs of failed builds stay when a later build succeeds
    if not failed or nvidia_is_built(kernel.modules_on_disk.get(known(kernel.release), ())):
        return
    for build in failed:
        if build.kernel == known(kernel.release):
            yield _failed(build, error, "the running kernel", build.kernel)


def _failed(build: ModuleBuild, say: Callable[..., RuleResult], kernel: str, *evidence: str) -> RuleResult:
    lines = optional(build.errors, "the build failed, whatever its log says") or ()
    found = cause(lines)
    gcc = kernel_gcc(lines)
    means = f": {found.row.means}" if found.row else ""
    remedy = found.row.remedy if found.row else "build-log"
    values = {"kernel": build.kernel, "log": build.log, "path": "/var/lib/dkms", "gcc": gcc}
    if build.tool == "akmods":
        values["path"] = "/var/cache/akmods"
    # without a version there is no package to name; a kernel of clang asks for clang
    if remedy == "kernel-compiler" and not gcc:
        remedy = "kernel-clang" if is_clang(lines) else "build-log"
    return say(
        f"{build.tool} failed to build driver {build.version} for {kernel}{means}",
        *(f"kernel: {one}" for one in evidence),
        f"log: {build.log}",
        *([found.line] if found.line else []),
        fix=fix(remedy, **{name: values[name] for name in VALUES.get(remedy, ("kernel",))}),
    )


VALUES = {"build-log": ("log",), "room-to-build": ("kernel", "path"), "kernel-compiler": ("kernel", "gcc")}
"""Which values a remedy takes, where it is not the kernel alone."""


@rule(
    "KRN102",
    "module-build-failed-other-kernel",
    "Building the kernel module for another kernel failed (DKMS, akmods)",
    worst="warning",
    after=("GPU001", "DRV003", "HST001", "KRN101"),
    source="akmods(8), dkms(8)",
    remedies=BUILD_REMEDIES,
)
def other_build_failed(machine: Machine) -> RuleResults:
    """The module could not be built for an installed kernel that is not running: booting that one lacks the GPU."""
    kernel = machine.system.kernel
    for build in there(kernel.builds) or ():
        lacking = not nvidia_is_built(kernel.modules_on_disk.get(build.kernel, ()))
        if build.state == "failed" and build.kernel != known(kernel.release) and lacking:
            yield _failed(build, warning, f"kernel {build.kernel}")


@rule(
    "KRN103",
    "module-building",
    "The kernel module is being built (DKMS, akmods)",
    worst="warning",
    after=("GPU001",),
    source="akmods(8), dkms(8)",
    remedies=("wait-for-build",),
)
def building(machine: Machine) -> RuleResults:
    """The module for this kernel is missing and its builder runs: wait some minutes, and do not restart meanwhile.

    DKMS ends the log of a build with its exit code, or make does with its error; a log that has neither belongs to a
    build that is still going on. If nothing is added to it any more, the build was killed.
    """
    kernel = machine.system.kernel
    if not has_card(machine):
        return
    for build in there(kernel.builds) or ():
        if build.state == "building" and not nvidia_is_built(kernel.modules_on_disk.get(build.kernel, ())):
            yield warning(
                f"{build.tool} is building the module for kernel {build.kernel}: wait, do not restart",
                f"{build.log} has no end yet",
                fix=fix("wait-for-build", log=build.log),
            )
            return
    if nvidia_is_built(kernel.modules_on_disk.get(known(kernel.release), ())):
        return
    for service in machine.system.services:
        if service.name in BUILDERS and there(service.running):
            yield warning(f"{service.name} is building the module for this kernel: wait, do not restart", service.name)


@rule(
    "KRN104",
    "module-on-disk-differs",
    "Kernel module on disk and loaded module differ in version",
    worst="warning",
    after=("GPU001", "DRV003", "DRV004", "DRV208"),
    source="modinfo(8)",
    remedies=("restart",),
)
def updated(machine: Machine) -> RuleResults:
    """The driver was updated while it runs. All works until a program meets the new libraries: restart at a good
    time.
    """
    file, loaded = machine.system.kernel.module_file, there(machine.driver.kernel_module)
    if loaded and has_card(machine):
        on_disk = there(file.version)
        if on_disk and on_disk != loaded:
            yield warning(
                f"driver {on_disk} is installed while {loaded} runs: a mismatch waits to happen",
                f"loaded: {loaded}",
                f"on disk: {on_disk} ({either(file.path)})",
                fix=fix("restart"),
            )


@rule(
    "KRN106",
    "gsp-firmware-missing",
    "GSP firmware file is missing",
    worst="error",
    stage="firmware",
    blocks="firmware",
    after=("GPU001", "DRV003", "DRV004"),
    source="github.com/NVIDIA/open-gpu-kernel-modules: README.md (firmware)",
    remedies=("gsp-firmware",),
)
def no_firmware(machine: Machine) -> RuleResults:
    """The open kernel module starts a GPU only with its firmware (GSP), which has to be of exactly the module's
    version: of the one that is loaded, or, where none is, of the one on disk.
    """
    file, loaded = machine.system.kernel.module_file, there(machine.driver.kernel_module)
    if (have := _firmware(machine)) is None:
        return
    version = loaded or there(recorded(file.version, ""))
    if version and version not in have:
        yield error(
            f"the GPU's firmware for driver {version} is not on disk",
            f"module: {'loaded' if loaded else either(file.path)}",
            _on_disk(have),
            fix=fix("gsp-firmware"),
        )


def _firmware(machine: Machine) -> set[str] | None:
    """Return of which drivers firmware is on disk, None where the module can do without.

    The proprietary one can run a card without it (NVreg_EnableGpuFirmware=0), the open one cannot.
    """
    firmware = there(machine.driver.gsp_firmware)
    # a container sees its host's kernel, and not its host's firmware
    if firmware is None or machine.system.container or not has_card(machine):
        return None
    # a driver that is replaced while it runs keeps its flavour, and the module on disk is packed mostly
    licence = there(machine.driver.module_license) or there(recorded(machine.system.kernel.module_file.license, ""))
    return {driver for driver, _ in firmware} if licence == OPEN_LICENSE else None


def _on_disk(have: set[str]) -> str:
    return f"firmware there: of driver {', '.join(sorted(have)) or 'none'}"


@rule(
    "KRN113",
    "gsp-firmware-missing-next-start",
    "GSP firmware of the kernel module on disk is missing",
    worst="warning",
    after=("GPU001", "DRV003", "DRV004", "KRN106"),
    required=False,
    source="github.com/NVIDIA/open-gpu-kernel-modules: README.md (firmware)",
    remedies=("gsp-firmware",),
)
def no_firmware_next(machine: Machine) -> RuleResults:
    """The driver was updated while it runs, and the firmware of the open module that the next start loads did not come
    with it: all works until then.
    """
    file, loaded = machine.system.kernel.module_file, there(machine.driver.kernel_module)
    if not loaded or (have := _firmware(machine)) is None:
        return
    version = there(recorded(file.version, ""))
    if version and version not in have:
        yield warning(
            f"from the next start on the GPU's firmware is missing: driver {version} is on disk without it",
            f"loaded: {loaded}; on disk: {version} ({either(file.path)})",
            _on_disk(have),
            fix=fix("gsp-firmware"),
        )


@rule(
    "KRN109",
    "gsp-disabled",
    "GSP firmware is disabled (NVreg_EnableGpuFirmware=0)",
    worst="info",
    after=("GPU001", NVML_SILENT),
    required=False,
    source="NVIDIA driver README, chapter on GSP firmware (NVreg_EnableGpuFirmware)",
    remedies=("module-option",),
)
def no_gsp(machine: Machine) -> RuleResults:
    """The proprietary module runs a GPU without the firmware that it would load by default (GSP). That was a way around
    early faults of the firmware; newer features and branches need it.
    """
    # nvmlDeviceGetGspFirmwareMode: in use, and the default; off by default is no choice of anybody's
    off = [gpu for gpu in there(machine.gpus) or () if optional(gpu.gsp_mode, UNANSWERED) == (False, True)]
    if off:
        yield info(
            f"GSP firmware is disabled on {len(off)} GPUs",
            *(f"GPU {gpu.index}: not in use, in use by default" for gpu in off[:4]),
            fix=fix("module-option", name="EnableGpuFirmware"),
        )


@rule(
    "KRN107",
    "module-compiler-differs",
    "Kernel module built with another compiler than the system's",
    worst="info",
    after=("GPU001",),
    required=False,
    source="Linux kernel: Documentation/kbuild/gcc-plugins.rst",
)
def other_compiler(machine: Machine) -> RuleResults:
    """The loaded module was compiled with another gcc major than the one installed; the next build will use that
    one.
    """
    built, here = there(machine.driver.module_gcc), there(machine.system.gcc)
    # majors only: minor releases of gcc keep their plugins and options
    if built and here and built.partition(".")[0] != here.partition(".")[0]:
        yield info("the module was built with another gcc than the installed one", f"module: {built}", f"here: {here}")


@rule(
    "KRN108",
    "next-kernel-without-module",
    "The default boot kernel has no nvidia kernel module",
    worst="warning",
    after=("GPU001", "DRV003", "KRN001", "KRN008", "KRN009", "KRN102", "KRN103"),
    required=False,
    source="grubby(8); systemd-boot(7)",
    remedies=("build-module", "install-prebuilt"),
)
def next_start(machine: Machine) -> RuleResults:
    """The boot loader will start another kernel than the running one, and no NVIDIA module was built for it."""
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container:
        return
    coming, running = there(kernel.next_release), known(kernel.release)
    built_here = nvidia_is_built(kernel.modules_on_disk.get(running, ()))
    # without a module for the running kernel KRN001 speaks of the worse case
    if coming and coming != running and built_here and not nvidia_is_built(kernel.modules_on_disk.get(coming, ())):
        yield warning(
            f"the next start takes kernel {coming}, which has no NVIDIA module",
            f"running: {running}",
            f"next: {coming}",
            fix=get_module(machine, coming),
        )
