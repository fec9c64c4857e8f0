"""PRM…: may this user and these programs open the GPU."""

from __future__ import annotations

from gpusetup.doctor import nvml
from gpusetup.doctor.rule import Verdicts, error, fix, rule, there, warning
from gpusetup.doctor.subjects import gpu_rule, module_names
from gpusetup.machine.model import Gpu, Machine

NODES = "NVIDIA driver README, chapter on device nodes (nvidia-modprobe)"


@rule(
    "PRM001",
    "A device node of the driver is missing",
    worst="error",
    after=("GPU001", "DRV003", "KRN001", "KRN002", "KRN003", "CTR001"),
    source=NODES,
)
def node_missing(machine: Machine) -> Verdicts:
    """The module is loaded but /dev lacks a node that programs need: nvidiactl, one per GPU, and nvidia-uvm for CUDA.

    udev or the set-uid helper ``nvidia-modprobe`` makes them; in a container the engine must pass them in.
    """
    if "nvidia" not in module_names(machine) or machine.system.virtualization == "wsl":
        return
    have = {node.path for node in there(machine.device_nodes) or ()}
    for path in ("/dev/nvidiactl", "/dev/nvidia-uvm"):
        if path not in have:
            yield error(
                f"{path} is missing", f"nodes there: {', '.join(sorted(have)) or 'none'}", fix=fix("make-nodes")
            )


@rule("PRM002", "This user may not open a device node of the driver", worst="error", source=NODES)
def node_denied(machine: Machine) -> Verdicts:
    """A node under /dev exists, but this user cannot open it for reading and writing.

    The driver makes its nodes open to everyone unless ``NVreg_DeviceFileMode`` or a udev rule says otherwise; then the
    user has to be in the owning group (mostly ``video`` or ``render``) and to log in again.
    """
    needed = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia")
    closed = [
        node.path
        for node in there(machine.device_nodes) or ()
        if not node.usable and (node.path in needed or node.path.removeprefix("/dev/nvidia").isdigit())
    ]
    if closed:
        yield error(f"this user may not open {', '.join(closed)}", *closed, fix=fix("device-permission"))


@gpu_rule("PRM003", "A GPU's compute mode keeps programs out", worst="error", source="nvml.h, nvmlComputeMode_t")
def compute_mode(machine: Machine, gpu: Gpu) -> Verdicts:
    """The compute mode is a switch of the administrator: *prohibited* lets no CUDA program in, *exclusive process*
    only one.

    A training with several worker processes on one GPU fails in exclusive mode with "all CUDA-capable devices are
    busy".
    """
    mode = there(gpu.compute_mode)
    command = fix("default-compute-mode", index=str(gpu.index), was=str(mode))
    if mode == nvml.COMPUTE_PROHIBITED:
        yield error(
            "compute mode is prohibited: no CUDA program may use this GPU", f"compute mode: {mode}", fix=command
        )
    elif mode == nvml.COMPUTE_EXCLUSIVE_PROCESS:
        yield warning("compute mode is exclusive: only one process at a time", f"compute mode: {mode}", fix=command)


@rule(
    "PRM004",
    "A device node has the wrong number",
    worst="error",
    after=("GPU001", "KRN001", "KRN002", "PRM001"),
    source="Linux kernel: Documentation/admin-guide/devices.rst; /proc/devices",
)
def wrong_number(machine: Machine) -> Verdicts:
    """A node under /dev was made for a driver that had another major number: opening it leads to nothing.

    The number of nvidia-uvm is given anew at each start. Nodes made by hand, or copied into a container's image, keep
    the old one.
    """
    majors = dict(there(machine.device_majors) or ())
    for node in there(machine.device_nodes) or ():
        name = "nvidia-uvm" if node.path.startswith("/dev/nvidia-uvm") else "nvidia"
        of_gpu = node.path.removeprefix("/dev/nvidia").isdigit()
        if (name == "nvidia-uvm" or of_gpu) and name in majors and node.major not in {-1, majors[name]}:
            yield error(
                f"{node.path} has number {node.major}, the driver has {majors[name]}",
                f"/proc/devices: {name} {majors[name]}",
                fix=fix("make-nodes"),
            )
