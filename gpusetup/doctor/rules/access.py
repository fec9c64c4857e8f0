"""PRM1, SEC1: udev, SELinux, user namespaces and old signing keys."""

from __future__ import annotations

import re

from gpusetup.doctor.kernel_log import LOG_READABLE, lines
from gpusetup.doctor.rule import Verdicts, either, error, fix, info, rule, there, warning
from gpusetup.doctor.subjects import has_card
from gpusetup.machine.model import Machine

NOBODY = 65534
OTHERS = 0o006
"""The rights of everyone to read and to write."""
_MODE = r'MODE:?="0?(?P<mode>[0-7]{3})"'


@rule(
    "PRM101",
    "SELinux has denied access to a GPU",
    worst="error",
    after=("GPU001", LOG_READABLE),
    required=False,
    source="Linux audit documentation: AVC messages; container_selinux(8)",
)
def denied(machine: Machine) -> Verdicts:
    """SELinux kept a program from a device or file of NVIDIA's. Pass GPUs to containers through CDI, or give the file
    its right label; there is no need to switch SELinux off.
    """
    by_log = [line for line in lines(machine, "avc:  denied") if "nvidia" in line or "xserver_misc" in line]
    found = [*(there(machine.system.selinux_denials) or ()), *by_log]
    if found:
        say = error if there(machine.system.selinux) == "enforcing" else info
        yield say(f"SELinux has denied access to a GPU {len(found)} times", *found[-2:], fix=fix("selinux-label"))


@rule(
    "PRM102",
    "A udev rule narrows who may open a GPU",
    worst="info",
    after=("GPU001",),
    required=False,
    source="udev(7), MODE and GROUP",
)
def udev(machine: Machine) -> Verdicts:
    """A rule of udev gives NVIDIA's device nodes to a group, instead of to everyone as the driver does. That may be
    wanted; users outside the group then see no GPU.
    """
    for path, line in (there(machine.udev) or ()) if has_card(machine) else ():
        said = re.search(_MODE, line)
        if said and "KERNEL" in line and said["mode"][-1] == "0":
            yield info("a udev rule gives the GPU's nodes to a group alone", f"{path}: {line}", fix=fix("udev-rule"))
            return


@rule(
    "PRM103",
    "The GPU's nodes belong to nobody in this user namespace",
    worst="warning",
    after=("GPU001",),
    source="user_namespaces(7)",
)
def foreign_nodes(machine: Machine) -> Verdicts:
    """We run in a rootless container whose users are not the host's: the device nodes' owner does not exist in here,
    and this user may not open them. With CDI the engine passes them so that they work.
    """
    if not there(machine.system.user_namespace):
        return
    closed = [node.path for node in there(machine.device_nodes) or () if node.owner == NOBODY and not node.usable]
    if closed:
        yield warning(f"{closed[0]} belongs to nobody in this container", *closed[:4], fix=fix("container-restart"))


@rule(
    "PRM104",
    "The driver closes its nodes to other users",
    worst="info",
    after=("GPU001",),
    required=False,
    source="NVIDIA driver README, NVreg_DeviceFileMode",
)
def closed_mode(machine: Machine) -> Verdicts:
    """The driver opens its nodes to everyone unless the module's option DeviceFileMode says otherwise, as it does here:
    users outside the group that DeviceFileGID names see no GPU. That may be wanted.
    """
    options = dict(there(machine.driver.parameters) or ())
    mode = options.get("DeviceFileMode", "")
    if mode.isdigit() and int(mode) & OTHERS != OTHERS and options.get("ModifyDeviceFiles") != "0":
        yield info(
            f"the driver makes its nodes with mode {int(mode):03o}",
            f"DeviceFileMode: {int(mode):03o}",
            f"DeviceFileGID: {options.get('DeviceFileGID', 'unknown')}",
            fix=fix("module-option", name="DeviceFileMode"),
        )


@rule(
    "SEC101",
    "The key that signs the modules has expired",
    worst="warning",
    after=("GPU001",),
    required=False,
    source="Linux kernel: Documentation/admin-guide/module-signing.rst; RFC 5280, validity",
)
def expired(machine: Machine) -> Verdicts:
    """The certificate with which akmods or DKMS signs has ended. The kernel does not look at its dates, but firmware
    and tools may; make a new one and enrol it before you need it.
    """
    for key in machine.system.mok.keys:
        if key.expires and key.expires < machine.read_at[:10]:
            yield warning(f"the signing key expired on {key.expires}", key.path, fix=fix("new-key"))


@rule(
    "SEC102",
    "The module was signed with another key than this machine's",
    worst="warning",
    after=("GPU001", "SEC001", "SEC002", "SEC004"),
    required=False,
    source="Linux kernel: Documentation/admin-guide/module-signing.rst",
)
def replaced(machine: Machine) -> Verdicts:
    """Secure Boot is on, akmods or DKMS built the module, and its signature names none of the keys that they have now:
    the key was made anew, and the next module will be signed with one that may not be enrolled.
    """
    names = {key.name for key in machine.system.mok.keys if key.name}
    signer = there(machine.system.kernel.module_file.signer)
    built_here = any(build.state == "built" for build in there(machine.system.kernel.builds) or ())
    if names and signer and built_here and there(machine.system.secure_boot) and signer not in names:
        yield warning(
            f"the module was signed by {signer}, keys here: {', '.join(sorted(names))}",
            f"{either(machine.system.kernel.module_file.path)}",
            fix=fix("enrol-key"),
        )
