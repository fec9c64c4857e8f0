"""SEC…: Secure Boot against the driver's kernel module."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, either, error, fix, known, rule, there
from gpusetup.doctor.rules.kernel_module import nvidia_is_built
from gpusetup.doctor.subjects import has_card, module_names
from gpusetup.machine.model import Machine

SHIM = "Linux kernel: Documentation/admin-guide/module-signing.rst"


@rule(
    "SEC001",
    "Secure Boot keeps the NVIDIA module out",
    worst="error",
    after=("GPU001", "DRV003", "KRN001"),
    source=SHIM,
)
def module_refused(machine: Machine) -> Verdicts:
    """Secure Boot is on, and the module that is built for this kernel is not loaded.

    With Secure Boot the kernel takes only modules signed with a key that the firmware or the machine owner (MOK)
    trusts. A module built on this machine is signed with the machine's own key, which somebody at the console has to
    enrol once, in the blue screen after a restart.
    """
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container or not there(machine.system.secure_boot):
        return
    files = kernel.modules_on_disk.get(known(kernel.release), ())
    if nvidia_is_built(files) and "nvidia" not in module_names(machine):
        yield error(
            "Secure Boot is on and the NVIDIA module is not loaded: its signing key is most likely not enrolled",
            "Secure Boot: on",
            f"lockdown: {either(kernel.lockdown) or 'unknown'}",
            f"module for the running kernel: {', '.join(files)}, not loaded",
            fix=fix("enrol-key"),
        )
