"""KRN2…: how the module came up at the start, and with which options."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card, module_names
from gpusetup.doctor.kernel.sleep import woken
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, rule, there, warning
from gpusetup.doctor.rules.krn.module import OPEN_DRIVERS
from gpusetup.machine.model import Machine

README = "NVIDIA driver README, chapter on module parameters"
PRESERVE = "PreserveVideoMemoryAllocations"


@rule(
    "KRN201",
    "nouveau-fallback",
    "The system fell back to nouveau at boot",
    worst="error",
    after=("GPU001", "KRN001", "KRN101", "SEC002", "SEC004"),
    source="RPM Fusion: nvidia-fallback.service; NVIDIA driver README, chapter 8",
    remedies=("load-module",),
)
def fallback(machine: Machine) -> RuleResults:
    """The kernel command line forbids nouveau, and yet it drives the card: NVIDIA's module could not be loaded at the
    start, and a service of the distribution loaded nouveau so that there is a picture.

    Why NVIDIA's module failed is the thing to repair; to forbid nouveau once more changes nothing.
    """
    held = [card.address for card in there(machine.pci) or () if card.driver in OPEN_DRIVERS]
    arguments = there(machine.system.kernel.command_line) or ""
    # any of modprobe.blacklist=, module_blacklist= and rd.driver.blacklist=: RPM Fusion writes two of them
    if held and "blacklist=" in arguments and "nouveau" in arguments:
        yield error(
            "nouveau was loaded in place of NVIDIA's module, which failed at the start",
            f"bound to nouveau or nova: {', '.join(held)}",
            f"kernel command line: {arguments}",
            fix=fix("load-module"),
        )


@rule(
    "KRN202",
    "modeset-off",
    "nvidia_drm kernel modesetting (KMS) is off",
    worst="info",
    after=("GPU001",),
    required=False,
    source="NVIDIA driver README, chapter on kernel mode setting",
    remedies=("modeset",),
)
def no_modeset(machine: Machine) -> RuleResults:
    """nvidia_drm runs without mode setting: no Wayland desktop starts on this GPU. Computing is not concerned."""
    options = dict(there(machine.driver.parameters) or ())
    # as the kernel writes a boolean parameter in /sys/module: Y or N
    if options.get("nvidia_drm.modeset") == "N" and "nvidia_drm" in module_names(machine):
        yield info("nvidia_drm runs without mode setting", "nvidia_drm.modeset: N", fix=fix("modeset"))


@rule(
    "KRN203",
    "msi-disabled",
    "MSI is disabled for the GPU (NVreg_EnableMSI=0)",
    worst="warning",
    after=("GPU001",),
    source=README,
    remedies=("module-option",),
)
def no_msi(machine: Machine) -> RuleResults:
    """The module's option EnableMSI is 0: the GPU shares an interrupt line of the old kind, which is slower and on many
    boards does not work at all.
    """
    if dict(there(machine.driver.parameters) or ()).get("EnableMSI") == "0":
        yield warning("MSI is disabled for the GPU", "EnableMSI: 0", fix=fix("module-option", name="EnableMSI"))


@rule(
    "KRN204",
    "modify-device-files-off",
    "The driver does not manage its device nodes (NVreg_ModifyDeviceFiles=0)",
    worst="info",
    after=("GPU001",),
    source=README,
    remedies=("module-option",),
)
def others_make_nodes(machine: Machine) -> RuleResults:
    """The module's option ModifyDeviceFiles is 0: nodes under /dev are neither made nor corrected by the driver's
    helper, and whoever set the option has to do it.
    """
    if dict(there(machine.driver.parameters) or ()).get("ModifyDeviceFiles") == "0":
        yield info(
            "the driver neither makes nor corrects its device nodes",
            "ModifyDeviceFiles: 0",
            fix=fix("module-option", name="ModifyDeviceFiles"),
        )


@rule(
    "KRN205",
    "suspend-memory-lost",
    "Video memory is not preserved across suspend (NVreg_PreserveVideoMemoryAllocations)",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="https://download.nvidia.com/XFree86/Linux-x86_64/595.45.04/README/powermanagement.html",
    remedies=("preserve-memory", "suspend-services"),
)
def lost_in_sleep(machine: Machine) -> RuleResults:
    """The driver saves the GPU's memory over a suspend only when its option PreserveVideoMemoryAllocations is 1 and the
    services that tell it of the suspend are enabled. Without either, CUDA programs fail after waking ("unknown error",
    999) until nvidia_uvm is loaded anew; with the option and without the services, the suspend itself fails. With
    UseKernelSuspendNotifiers the module does without both; the option's 2, the default from 595 on, waits for that.

    It is a note on a machine that may sleep, and a warning once it has.
    """
    options = dict(there(machine.driver.parameters) or ())
    # with it the module hears of a suspend from the kernel and needs no service; it is off by default
    # (open-gpu-kernel-modules 595.45.04: kernel-open/nvidia/nv-reg.h)
    if not has_card(machine) or options.get("UseKernelSuspendNotifiers") == "1":
        return
    services = [one for one in machine.system.services if one.name == "nvidia-suspend"]
    enabled, kept = any(one.enabled for one in services), options.get(PRESERVE)
    kept = "0" if kept == "2" else kept
    if kept == "1" and (enabled or not services):
        return
    if kept == "0" or (services and not enabled):
        # the driver's default on a machine that was never put to sleep: a server, a desktop that stays on
        slept = woken(machine)
        if kept == "0" and not slept and not services:
            return
        say = warning if slept else info
        yield say(
            "the GPU's memory is not preserved over a suspend",
            f"{PRESERVE}: {options.get(PRESERVE) or 'not known'}",
            f"nvidia-suspend: {'enabled' if enabled else 'not enabled' if services else 'not installed'}",
            *slept[-1:],
            fix=fix("suspend-services" if kept == "1" else "preserve-memory"),
        )


@rule(
    "KRN206",
    "kernel-machine-check",
    "Machine check or kernel fault (MCE, taint)",
    worst="warning",
    after=("GPU001", "LOG230"),
    required=False,
    source="Linux kernel: Documentation/admin-guide/tainted-kernels.rst",
    remedies=("kernel-log",),
)
def tainted(machine: Machine) -> RuleResults:
    """The kernel notes what makes its own reports doubtful. NVIDIA's module is always noted and no fault; a machine
    check (a processor, memory or bus that failed) or an oops of the kernel is.
    """
    # TAINT_MACHINE_CHECK and TAINT_DIE; 0, 12 and 13 are those of every NVIDIA module
    bits = {4: "a machine check: hardware reported an error", 7: "an oops: the kernel met a fault of its own"}
    mask = known(machine.system.kernel.taint)
    for bit, words in bits.items():
        if mask >> bit & 1 and has_card(machine):
            yield warning(f"since its start the kernel has met {words}", f"tainted: {mask}", fix=fix("kernel-log"))


@rule(
    "KRN207",
    "dynamic-boost-off",
    "Dynamic Boost of a laptop is inactive (nvidia-powerd)",
    worst="info",
    after=("GPU001",),
    required=False,
    source="NVIDIA driver README, chapter on Dynamic Boost",
    remedies=("power-daemon",),
)
def no_boost(machine: Machine) -> RuleResults:
    """nvidia-powerd is installed and not enabled: on notebooks from Ampere on it lets the GPU have the power that the
    processor leaves over.
    """
    off = any(one.name == "nvidia-powerd" and not one.enabled for one in machine.system.services)
    if off and there(machine.system.notebook):
        yield info("nvidia-powerd is not enabled", "nvidia-powerd: not enabled", fix=fix("power-daemon"))
