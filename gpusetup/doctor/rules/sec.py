"""SEC: Secure Boot against the driver's kernel module: signatures, keys, lockdown."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card, module_names
from gpusetup.doctor.kernel.build_errors import name_of
from gpusetup.doctor.remedies.system_kind import image_keys
from gpusetup.doctor.rule import (
    Fix,
    RuleResults,
    either,
    error,
    failure,
    fix,
    info,
    known,
    recorded,
    rule,
    there,
    warning,
)
from gpusetup.doctor.rules.krn.module import nvidia_is_built
from gpusetup.machine.model import Machine

SIGNING = "Linux kernel: Documentation/admin-guide/module-signing.rst"
AFTER = ("GPU001", "DRV003", "KRN001")


@rule(
    "SEC101",
    "signing-key-expired",
    "The module signing key has expired",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="Linux kernel: Documentation/admin-guide/module-signing.rst; RFC 5280, validity",
    remedies=("new-key",),
)
def expired(machine: Machine) -> RuleResults:
    """The certificate with which akmods or DKMS signs has ended. The kernel does not look at its dates, but firmware
    and tools may; make a new one and enrol it before you need it.
    """
    # ISO dates compare as text; the day of the reading, so that a saved machine is judged as of then
    for key in machine.system.mok.keys:
        if key.expires and key.expires < machine.read_at[:10]:
            yield warning(f"the signing key expired on {key.expires}", key.path, fix=fix("new-key"))


@rule(
    "SEC102",
    "signed-with-other-key",
    "The module was signed with another key (MOK)",
    worst="warning",
    after=("GPU001", "SEC001", "SEC002", "SEC004"),
    required=False,
    source="Linux kernel: Documentation/admin-guide/module-signing.rst",
    remedies=("enrol-key", "enrol-image-key", "firmware-key", "image-key"),
)
def replaced(machine: Machine) -> RuleResults:
    """Secure Boot is on, akmods or DKMS built the module, and its signature names none of the keys that they have now:
    the key was made anew, and the next module will be signed with one that may not be enrolled.
    """
    names = {key.name for key in machine.system.mok.keys if key.name}
    signer = there(machine.system.kernel.module_file.signer)
    built_here = any(build.state == "built" for build in there(machine.system.kernel.builds) or ())
    # a module of the distribution is signed by its maker, whose key is not among these
    if names and signer and built_here and there(machine.system.secure_boot) and signer not in names:
        yield warning(
            f"the module was signed by {signer}, keys here: {', '.join(sorted(names))}",
            f"{either(machine.system.kernel.module_file.path)}",
            fix=enrol(machine),
        )


def enrol(machine: Machine) -> Fix:
    """Return whose key is to be enrolled: this machine's own, or on an image that of its maker.

    Without shim nobody asks for the keys of the machine's owner (MOK): the firmware's own list (db) decides.
    """
    if _without_shim(machine):
        return fix("firmware-key")
    if not image_keys(machine):
        return fix("enrol-key")
    brought = next((key.path for key in machine.system.mok.keys if either(key.enrolled) is False), "")
    return fix("enrol-image-key", key=brought) if brought else fix("image-key")


def _without_shim(machine: Machine) -> bool:
    """Say whether Secure Boot started this system without shim, which leaves the list of its keys (MokListRT)."""
    why = failure(machine.system.mok.enrolled, "a list that cannot be read is no sign of a missing shim")
    return bool(there(machine.system.secure_boot)) and why is not None and why.unread == "absent"


def sign(machine: Machine) -> Fix:
    """Return how the module for this kernel is signed: built again with a key, unless it comes with an image."""
    if image_keys(machine):
        return fix("image-key")
    kernel = known(machine.system.kernel.release)
    builds = [
        one
        for one in there(recorded(machine.system.kernel.builds, ())) or ()
        if one.kernel == kernel and one.tool == "dkms"
    ]
    return fix("sign-module", kernel=kernel, module=name_of(builds[0]) if builds else "nvidia")


def is_kept_out(machine: Machine) -> bool:
    """Say whether Secure Boot is on and the module that is built for this kernel is not loaded."""
    kernel = machine.system.kernel
    if not has_card(machine) or machine.system.container or not there(machine.system.secure_boot):
        return False
    built = nvidia_is_built(kernel.modules_on_disk.get(known(kernel.release), ()))
    # a module that is loaded has passed, whatever is enrolled now
    return built and "nvidia" not in module_names(machine)


@rule(
    "SEC001",
    "secure-boot-blocks-module",
    "Secure Boot blocks the nvidia kernel module",
    worst="error",
    blocks="kernel module",
    after=(*AFTER, "SEC002", "SEC003", "SEC004", "KRN003", "KRN005", "KRN105"),
    source=SIGNING,
    remedies=("enrol-key", "enrol-image-key", "firmware-key", "image-key"),
)
def module_refused(machine: Machine) -> RuleResults:
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
            fix=enrol(machine),
        )


@rule(
    "SEC002",
    "module-unsigned",
    "The nvidia kernel module is unsigned (Secure Boot)",
    worst="error",
    blocks="kernel module",
    after=AFTER,
    source=SIGNING,
    remedies=("sign-module", "image-key"),
)
def unsigned(machine: Machine) -> RuleResults:
    """Secure Boot is on and the module's file bears no signature at all: it was built before a signing key existed.

    Make a key, let the builder sign with it (a module built earlier has to be built again), and enrol the key.
    """
    file = machine.system.kernel.module_file
    # "" is a file without a signature; one that could not be read is Unread
    if is_kept_out(machine) and there(file.signer) == "":
        yield error(
            "Secure Boot is on and the NVIDIA module is not signed",
            f"{either(file.path)} bears no signature",
            fix=sign(machine),
        )


@rule(
    "SEC003",
    "mok-enrolment-pending",
    "Enrolment of the Machine Owner Key (MOK) is pending",
    worst="error",
    blocks="kernel module",
    after=AFTER,
    source=SIGNING,
    remedies=("confirm-key",),
)
def pending(machine: Machine) -> RuleResults:
    """The request to enrol the key was made; only somebody at the console can confirm it, after the next restart."""
    if is_kept_out(machine) and there(machine.system.mok.pending):
        yield error(
            "the signing key waits to be enrolled: restart, and choose Enroll MOK on the blue screen",
            "a request to enrol a key is pending",
            fix=fix("confirm-key"),
        )


@rule(
    "SEC004",
    "mok-not-enrolled",
    "The module signing key is not enrolled (MOK, Secure Boot)",
    worst="error",
    blocks="kernel module",
    after=(*AFTER, "SEC002", "SEC003"),
    source=SIGNING,
    remedies=("enrol-key", "enrol-image-key", "firmware-key", "image-key"),
)
def not_enrolled(machine: Machine) -> RuleResults:
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
                fix=enrol(machine),
            )


@rule(
    "SEC005",
    "mok-not-enrolled-next",
    "Secure Boot will reject the next module build: its key is not enrolled (MOK)",
    worst="warning",
    after=(*AFTER, "SEC001", "SEC002", "SEC003", "SEC004"),
    required=False,
    source=SIGNING,
    remedies=("enrol-key", "enrol-image-key", "firmware-key", "image-key"),
)
def next_build(machine: Machine) -> RuleResults:
    """The module is loaded now (signed by the distribution, or before Secure Boot was switched on), but a module built
    on this machine would be refused at the next start, since its key is not enrolled.
    """
    if not has_card(machine) or not there(machine.system.secure_boot) or machine.system.container:
        return
    local = [build for build in there(machine.system.kernel.builds) or () if build.state == "built"]
    # what is kept out now is SEC001's to SEC004's
    for key in machine.system.mok.keys if local and not is_kept_out(machine) else ():
        if known(key.enrolled) is False:
            yield warning(
                "modules built here will be refused at the next start",
                f"{key.path} is not enrolled",
                fix=enrol(machine),
            )


@rule(
    "SEC006", "kernel-lockdown", "Kernel lockdown is active", worst="info", required=False, source="kernel_lockdown(7)"
)
def locked_down(machine: Machine) -> RuleResults:
    """Lockdown in confidentiality mode forbids tools that look into the kernel; some of the driver's need them."""
    mode = there(machine.system.kernel.lockdown)
    # confidentiality also forbids kprobes, perf and what BPF reads; Secure Boot alone sets "integrity"
    if mode == "confidentiality" and has_card(machine):
        yield info("the kernel is locked down for confidentiality: profilers and debuggers of the GPU may fail", mode)
