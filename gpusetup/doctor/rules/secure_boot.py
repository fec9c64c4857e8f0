"""SEC…: Secure Boot against the driver's kernel module."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, either, error, fix, info, known, rule, there, warning
from gpusetup.doctor.rules.kernel_module import nvidia_is_built
from gpusetup.doctor.subjects import has_card, module_names
from gpusetup.machine.model import Machine

SIGNING = "Linux kernel: Documentation/admin-guide/module-signing.rst"
AFTER = ("GPU001", "DRV003", "KRN001")


def is_kept_out(machine: Machine) -> bool:
    """Say whether Secure Boot is on and the module that is built for this kernel is not loaded."""
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container or not there(machine.system.secure_boot):
        return False
    built = nvidia_is_built(kernel.modules_on_disk.get(known(kernel.release), ()))
    return built and "nvidia" not in module_names(machine)


@rule(
    "SEC001",
    "Secure Boot keeps the NVIDIA module out",
    worst="error",
    after=(*AFTER, "SEC002", "SEC003", "SEC004", "KRN003", "KRN005", "KRN105"),
    source=SIGNING,
)
def module_refused(machine: Machine) -> Verdicts:
    """Secure Boot is on, and the module that is built for this kernel is not loaded.

    With Secure Boot the kernel takes only modules signed with a key that the firmware or the machine owner (MOK)
    trusts. A module built on this machine is signed with the machine's own key, which somebody at the console has to
    enrol once, in the blue screen after a restart.
    """
    if is_kept_out(machine):
        files = machine.system.kernel.modules_on_disk.get(known(machine.system.kernel.release), ())
        yield error(
            "Secure Boot is on and the NVIDIA module is not loaded: its signing key is most likely not enrolled",
            "Secure Boot: on",
            f"lockdown: {either(machine.system.kernel.lockdown) or 'unknown'}",
            f"module for the running kernel: {', '.join(files)}, not loaded",
            fix=fix("enrol-key"),
        )


@rule("SEC002", "The NVIDIA module is not signed", worst="error", after=AFTER, source=SIGNING)
def unsigned(machine: Machine) -> Verdicts:
    """Secure Boot is on and the module's file bears no signature at all: it was built before a signing key existed.

    Make a key, let the builder sign with it (a module built earlier has to be built again), and enrol the key.
    """
    file = machine.system.kernel.module_file
    if is_kept_out(machine) and there(file.signer) == "":
        yield error(
            "Secure Boot is on and the NVIDIA module is not signed",
            f"{either(file.path)} bears no signature",
            fix=fix("sign-module"),
        )


@rule("SEC003", "The signing key waits to be enrolled", worst="error", after=AFTER, source=SIGNING)
def pending(machine: Machine) -> Verdicts:
    """The request to enrol the key was made; only somebody at the console can confirm it, after the next restart."""
    if is_kept_out(machine) and there(machine.system.mok.pending):
        yield error(
            "the signing key waits to be enrolled: restart, and choose Enroll MOK on the blue screen",
            "a request to enrol a key is pending",
            fix=fix("confirm-key"),
        )


@rule(
    "SEC004",
    "The key that signs the modules is not enrolled",
    worst="error",
    after=(*AFTER, "SEC002", "SEC003"),
    source=SIGNING,
)
def not_enrolled(machine: Machine) -> Verdicts:
    """Secure Boot is on, and the key with which this machine signs its modules is not among those the firmware
    trusts.
    """
    for key in machine.system.mok.keys if is_kept_out(machine) else ():
        if known(key.enrolled) is False:
            yield error(
                "Secure Boot does not trust the key that signs this machine's modules",
                f"{key.path} is not enrolled",
                f"enrolled: {', '.join(either(machine.system.mok.enrolled) or ()) or 'unknown'}",
                f"the module is signed by: {either(machine.system.kernel.module_file.signer) or 'unknown'}",
                fix=fix("enrol-key"),
            )


@rule(
    "SEC005",
    "Secure Boot is on and the module's key is not enrolled for the next build",
    worst="warning",
    after=(*AFTER, "SEC001", "SEC002", "SEC003", "SEC004"),
    required=False,
    source=SIGNING,
)
def next_build(machine: Machine) -> Verdicts:
    """The module is loaded now (signed by the distribution, or before Secure Boot was switched on), but a module built
    on this machine would be refused at the next start, since its key is not enrolled.
    """
    if not has_card(machine) or not there(machine.system.secure_boot) or machine.system.container:
        return
    local = [build for build in there(machine.system.kernel.builds) or () if build.state == "built"]
    for key in machine.system.mok.keys if local and not is_kept_out(machine) else ():
        if known(key.enrolled) is False:
            yield warning(
                "modules built here will be refused at the next start",
                f"{key.path} is not enrolled",
                fix=fix("enrol-key"),
            )


@rule("SEC006", "The kernel is locked down", worst="info", required=False, source="kernel_lockdown(7)")
def locked_down(machine: Machine) -> Verdicts:
    """Lockdown in confidentiality mode forbids tools that look into the kernel; some of the driver's need them."""
    mode = there(machine.system.kernel.lockdown)
    if mode == "confidentiality" and has_card(machine):
        yield info("the kernel is locked down for confidentiality: profilers and debuggers of the GPU may fail", mode)
