"""SHR…: who else uses the GPU: slices, processes, virtual machines."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, error, fix, info, there, warning
from gpusetup.doctor.subjects import gpu_rule
from gpusetup.machine.model import Gpu, Machine

MIG = "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/"
MIB = 1 << 20
NOTABLE = 10  # percent of the GPU's memory


@gpu_rule("SHR001", "A GPU is cut into slices, but there is none", worst="error", source=MIG)
def no_slices(machine: Machine, gpu: Gpu) -> Verdicts:
    """MIG mode is on and no instance was made: no CUDA program can use this GPU until one exists, or MIG is off."""
    if there(gpu.mig) and there(gpu.mig_devices) == ():
        yield error(
            "MIG mode is on, but the GPU has no instances",
            "MIG devices: none",
            fix=fix("mig-instances", index=str(gpu.index)),
        )


@gpu_rule("SHR002", "A change of MIG mode waits for a reset", worst="warning", source=MIG)
def mig_pending(machine: Machine, gpu: Gpu) -> Verdicts:
    """Somebody switched MIG on or off; it takes effect when the GPU is reset."""
    now, then = there(gpu.mig), there(gpu.mig_pending)
    if now is not None and then is not None and now != then:
        yield warning(
            f"MIG will be {'on' if then else 'off'} after the next reset",
            f"now {'on' if now else 'off'}, pending {'on' if then else 'off'}",
            fix=fix("reset-gpu", index=str(gpu.index)),
        )


@gpu_rule(
    "SHR003",
    "Other programs compute on a GPU",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetComputeRunningProcesses",
)
def busy(machine: Machine, gpu: Gpu) -> Verdicts:
    """Other programs hold this GPU's memory now: less is left, and measurements taken meanwhile are not to be
    trusted.
    """
    computing = [one for one in there(gpu.processes) or () if not one.graphics]
    if computing:
        held = sum(one.memory or 0 for one in computing) // MIB
        pids = ", ".join(str(one.pid) for one in computing[:8])
        yield info("this GPU computes for others now", f"processes: {pids}", f"memory held: {held} MiB")


@gpu_rule(
    "SHR004",
    "A GPU's memory is held by nobody",
    worst="warning",
    required=False,
    source="nvml.h, nvmlDeviceGetMemoryInfo",
)
def leaked(machine: Machine, gpu: Gpu) -> Verdicts:
    """More than a tenth of the GPU's memory is in use, but no process that we can see holds any: the remains of a
    program that died, or a process in another container.
    """
    used, total, processes = there(gpu.memory_used), there(gpu.memory_total), there(gpu.processes)
    alone = not machine.system.container and machine.system.virtualization != "wsl" and not there(gpu.mig)
    if alone and used and total and processes == () and used * 100 > total * NOTABLE:
        yield warning(
            f"{used // MIB} MiB of the GPU's memory are in use, and no process holds them",
            f"in use: {used // MIB} of {total // MIB} MiB",
            fix=fix("find-holders"),
        )


@gpu_rule("SHR005", "A GPU is a vGPU", worst="info", required=False, source="nvml.h, nvmlGpuVirtualizationMode_t")
def virtual(machine: Machine, gpu: Gpu) -> Verdicts:
    """This machine is a guest that was given a share of a GPU. Without a licence NVIDIA's vGPU slows down after a
    while.
    """
    if there(gpu.virtualization) == 2:
        yield info(
            "this GPU is a vGPU: its licence and its host's driver matter too",
            "virtualization mode: vGPU",
            fix=fix("vgpu-licence"),
        )
