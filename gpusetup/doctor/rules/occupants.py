"""SHR1…: who holds a GPU, under which licence, and whether it takes work at all."""

from __future__ import annotations

from gpusetup.doctor.cards import is_datacentre
from gpusetup.doctor.rule import Verdicts, error, fix, info, known, rule, there, warning
from gpusetup.doctor.subjects import DRIVER_HANGS, NVML_SILENT, gpu_rule
from gpusetup.machine.model import Gpu, Machine

GONE = "gone"


@rule(
    "SHR101",
    "A process that holds a GPU cannot go on",
    worst="error",
    required=False,
    source="proc(5): /proc/pid/stat, state",
)
def stuck(machine: Machine) -> Verdicts:
    """A process that uses the GPU sleeps inside the kernel, where no signal reaches it, or is dead and still held.

    Mostly the driver waits for a GPU that no longer answers. What the process holds is freed by a restart alone.
    """
    processes = [one for one in there(machine.stuck) or () if one[1] != GONE]
    if processes:
        yield error(
            f"stuck on a GPU: {len(processes)} of the processes",
            *(f"{name}: {state}" for name, state in processes[:5]),
            fix=fix("kernel-log"),
        )


@rule(
    "SHR105",
    "A process that is gone holds a GPU",
    worst="warning",
    after=("GPU001", "SHR101"),
    required=False,
    source="nvml.h, nvmlDeviceGetComputeRunningProcesses; proc(5)",
)
def gone(machine: Machine) -> Verdicts:
    """The driver names a process that holds the GPU, and this system has none of that number: a program that died
    without the driver letting go of what it had. In a container the numbers are the host's, so nothing is said there.
    """
    left = [name for name, state in there(machine.stuck) or () if state == GONE]
    if left and not machine.system.container and not there(machine.system.user_namespace):
        yield warning(
            f"gone, and still holding a GPU: {len(left)} of the processes",
            f"numbers that /proc does not have: {', '.join(left[:8])}",
            fix=fix("find-holders"),
        )


@gpu_rule(
    "SHR102",
    "A server's GPU draws a desktop",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetGraphicsRunningProcesses",
)
def draws(machine: Machine, gpu: Gpu) -> Verdicts:
    """A display server holds memory and time of a GPU that is made for computing."""
    drawing = [one for one in there(gpu.processes) or () if one.graphics]
    if drawing and is_datacentre(machine, gpu):
        pids = ", ".join(str(one.pid) for one in drawing[:8])
        yield info("a display server runs on this GPU", f"processes: {pids}", fix=fix("no-display"))


@gpu_rule(
    "SHR103",
    "A vGPU has no licence",
    worst="error",
    source="nvml.h, nvmlGridLicensableFeatures_t; https://docs.nvidia.com/vgpu/",
)
def unlicensed(machine: Machine, gpu: Gpu) -> Verdicts:
    """Without a licence NVIDIA's vGPU driver slows this GPU down some time after the start, and then refuses CUDA."""
    licences = there(gpu.licences) or ()
    if there(gpu.virtualization) == 2 and licences and not any(one.licensed for one in licences):
        yield error(
            "this vGPU has no licence", *(f"{one.product}: unlicensed" for one in licences), fix=fix("vgpu-licence")
        )


@rule(
    "SHR104",
    "Confidential computing is on, but the GPUs take no work",
    worst="error",
    after=(NVML_SILENT, DRIVER_HANGS),
    source="nvml.h, nvmlSystemGetConfComputeGpusReadyState",
)
def not_ready(machine: Machine) -> Verdicts:
    """In confidential mode the GPUs refuse work until, after their attestation, somebody sets them ready."""
    if there(machine.driver.confidential) and known(machine.driver.confidential_ready) is False:
        yield error("the GPUs are not set ready for work", "ready state: not accepting", fix=fix("confidential-ready"))
