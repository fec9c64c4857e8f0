"""PRM: permissions: may this user and these programs open the GPU (device nodes, udev, SELinux, user namespaces)."""

from __future__ import annotations

import re

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.subjects import gpu_rule, has_card, module_names
from gpusetup.doctor.kernel.kernel_log import LOG_READABLE, lines
from gpusetup.doctor.rule import RuleResults, error, fix, info, recorded, rule, there, warning
from gpusetup.doctor.rules.drv.driver import open_the_nodes
from gpusetup.machine.dotted import whole
from gpusetup.machine.model import Gpu, Machine

# the kernel's overflow id: what an owner outside the user namespace looks like (user_namespaces(7))
NOBODY = 65534
OTHERS = 0o006
"""The rights of everyone to read and to write."""
# udev assigns with = or, finally, with :=
_MODE = r'MODE:?="0?(?P<mode>[0-7]{3})"'
NODES = "NVIDIA driver README, chapter on device nodes (nvidia-modprobe)"


@rule(
    "PRM101",
    "selinux-denied",
    "SELinux denied access to a GPU",
    worst="error",
    after=("GPU001", LOG_READABLE),
    required=False,
    source="Linux audit documentation: AVC messages; container_selinux(8)",
    remedies=("selinux-label",),
)
def denied(machine: Machine) -> RuleResults:
    """SELinux kept a program from a device or file of NVIDIA's. Pass GPUs to containers through CDI, or give the file
    its right label; there is no need to switch SELinux off.
    """
    # two blanks, as the kernel prints it; xserver_misc_device_t is the label of NVIDIA's nodes on Fedora
    by_log = [line for line in lines(machine, "avc:  denied") if "nvidia" in line or "xserver_misc" in line]
    found = [*(there(machine.system.selinux_denials) or ()), *by_log]
    if found:
        # in permissive mode the kernel logs what it would have denied
        say = error if there(recorded(machine.system.selinux, "")) == "enforcing" else info
        yield say(f"SELinux has denied access to a GPU {len(found)} times", *found[-2:], fix=fix("selinux-label"))


@rule(
    "PRM102",
    "udev-restricts",
    "A udev rule restricts access to the GPU",
    worst="info",
    after=("GPU001",),
    required=False,
    source="udev(7), MODE and GROUP",
    remedies=("udev-rule",),
)
def udev(machine: Machine) -> RuleResults:
    """A rule of udev gives NVIDIA's device nodes to a group, instead of to everyone as the driver does. That may be
    wanted; users outside the group then see no GPU.
    """
    for path, line in (there(machine.udev) or ()) if has_card(machine) else ():
        said = re.search(_MODE, line)
        # the last digit is the right of everyone; a rule of SUBSYSTEM alone does not name NVIDIA's nodes
        if said and "KERNEL" in line and said["mode"][-1] == "0":
            yield info("a udev rule gives the GPU's nodes to a group alone", f"{path}: {line}", fix=fix("udev-rule"))
            return


@rule(
    "PRM103",
    "user-namespace-nobody",
    "Device nodes have no owner in this user namespace",
    worst="warning",
    after=("GPU001",),
    source="user_namespaces(7)",
    remedies=("container-restart",),
)
def foreign_nodes(machine: Machine) -> RuleResults:
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
    "device-file-mode",
    "NVreg_DeviceFileMode restricts the device nodes",
    worst="info",
    after=("GPU001",),
    required=False,
    source="NVIDIA driver README, NVreg_DeviceFileMode",
    remedies=("module-option",),
)
def closed_mode(machine: Machine) -> RuleResults:
    """The driver opens its nodes to everyone unless the module's option DeviceFileMode says otherwise, as it does here:
    users outside the group that DeviceFileGID names see no GPU. That may be wanted.
    """
    options = dict(there(machine.driver.parameters) or ())
    mode = whole(options.get("DeviceFileMode", ""))
    # /proc/driver/nvidia/params has the mode in decimal: 438 is 0666
    if mode is not None and mode & OTHERS != OTHERS and options.get("ModifyDeviceFiles") != "0":
        yield info(
            f"the driver makes its nodes with mode {mode:03o}",
            f"DeviceFileMode: {mode:03o}",
            f"DeviceFileGID: {options.get('DeviceFileGID', 'unknown')}",
            fix=fix("module-option", name="DeviceFileMode"),
        )


@rule(
    "PRM001",
    "device-node-missing",
    "A /dev/nvidia* device node is missing",
    worst="error",
    blocks="framework",
    symptom=True,
    after=("GPU001", "CTR109"),
    source=NODES,
    remedies=("make-nodes",),
)
def node_missing(machine: Machine) -> RuleResults:
    """The module is loaded but /dev lacks a node that programs need: nvidiactl, one per GPU, and nvidia-uvm for CUDA.

    udev or the set-uid helper ``nvidia-modprobe`` makes them; into a container the engine must pass them, into one of
    LXC its configuration on the host.
    """
    if "nvidia" not in module_names(machine) or machine.system.virtualization == "wsl":
        return
    have = {node.path for node in there(machine.device_nodes) or ()}
    # nodes of single GPUs are missing on purpose in a container that got fewer of them
    for path in ("/dev/nvidiactl", "/dev/nvidia-uvm"):
        if path not in have:
            unloaded = (
                path.endswith("uvm") and "nvidia_uvm" not in module_names(machine) and not machine.system.container
            )
            yield error(
                f"{path} is missing",
                f"nodes there: {', '.join(sorted(have)) or 'none'}",
                fix=fix("make-nodes"),
                caused_by="KRN006" if unloaded else "",
            )


@rule(
    "PRM002",
    "device-node-denied",
    "No permission to open a /dev/nvidia* device node",
    worst="error",
    blocks="driver library",
    after=("CTR108",),
    source=NODES,
    remedies=("device-permission", "device-cgroup", "keep-groups", "recreate-container"),
)
def node_denied(machine: Machine) -> RuleResults:
    """A node under /dev exists, but this user cannot open it for reading and writing.

    The driver makes its nodes open to everyone unless ``NVreg_DeviceFileMode`` or a udev rule says otherwise; then the
    user has to be in the owning group (mostly ``video`` or ``render``) and to log in again. A node whose mode is open
    to everyone is refused by the device cgroup: of a container after a reload of systemd, of a batch job without a GPU.
    """
    # nvidia-modeset and nvidia-uvm-tools may be closed: computing does not open them
    needed = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia")
    closed = [
        node.path
        for node in there(machine.device_nodes) or ()
        if not node.usable and (node.path in needed or node.path.removeprefix("/dev/nvidia").isdigit())
    ]
    if closed:
        yield error(f"this user may not open {', '.join(closed)}", *closed, fix=open_the_nodes(machine, *closed))


@gpu_rule(
    "PRM003",
    "compute-mode",
    "Compute mode prohibits programs (exclusive or prohibited)",
    worst="error",
    stage="driver library",
    blocks="framework",
    source="nvml.h, nvmlComputeMode_t",
    remedies=("default-compute-mode",),
)
def compute_mode(machine: Machine, gpu: Gpu) -> RuleResults:
    """The compute mode is a switch of the administrator: *prohibited* lets no CUDA program in, *exclusive process*
    only one, and *exclusive thread*, of old drivers, a single thread of one.

    A training with several worker processes on one GPU fails in exclusive mode with "all CUDA-capable devices are
    busy".
    """
    mode = there(gpu.compute_mode)
    command = fix("default-compute-mode", index=str(gpu.index), was=str(mode))
    if mode == nvml.COMPUTE_PROHIBITED:
        yield error(
            "compute mode is prohibited: no CUDA program may use this GPU", f"compute mode: {mode}", fix=command
        )
    elif mode in {nvml.COMPUTE_EXCLUSIVE_THREAD, nvml.COMPUTE_EXCLUSIVE_PROCESS}:
        yield warning("compute mode is exclusive: only one process at a time", f"compute mode: {mode}", fix=command)


@rule(
    "PRM004",
    "device-node-wrong-major",
    "A device node has the wrong major or minor number",
    worst="error",
    blocks="driver library",
    after=("GPU001", "KRN001", "KRN002", "PRM001"),
    source="Linux kernel: Documentation/admin-guide/devices.rst; /proc/devices",
    remedies=("make-nodes",),
)
def wrong_number(machine: Machine) -> RuleResults:
    """A node under /dev was made for a driver that had another major number: opening it leads to nothing.

    The number of nvidia-uvm is given anew at each start. Nodes made by hand, or copied into a container's image, keep
    the old one.
    """
    majors = dict(there(machine.device_majors) or ())
    for node in there(machine.device_nodes) or ():
        name = "nvidia-uvm" if node.path.startswith("/dev/nvidia-uvm") else "nvidia"
        # nvidia-caps, nvidia-nvlink and nvidia-nvswitch have majors of their own
        of_gpu = node.path.removeprefix("/dev/nvidia").isdigit()
        if (name == "nvidia-uvm" or of_gpu) and name in majors and node.major not in {-1, majors[name]}:
            yield error(
                f"{node.path} has number {node.major}, the driver has {majors[name]}",
                f"/proc/devices: {name} {majors[name]}",
                fix=fix("make-nodes"),
            )
