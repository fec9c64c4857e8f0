"""SHR: who shares the GPU: MIG, vGPU, processes, confidential computing."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import is_datacentre
from gpusetup.doctor.gpu.resets import reset
from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, NVML_SILENT, gpu_rule
from gpusetup.doctor.rule import RuleResults, error, fix, info, known, optional, recorded, rule, there, warning
from gpusetup.machine.model import Gpu, Machine

# what machine/ notes of a number that the driver names and /proc does not have
GONE = "gone"
MIG = "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/"
MIB = 1 << 20
NOTABLE = 10  # percent of the GPU's memory


@rule(
    "SHR101",
    "process-stuck",
    "A process holding a GPU is stuck (uninterruptible sleep)",
    worst="error",
    required=False,
    source="proc(5): /proc/pid/stat, state",
    remedies=("kernel-log",),
)
def stuck(machine: Machine) -> RuleResults:
    """A process that uses the GPU sleeps inside the kernel, where no signal reaches it, or is dead and still held.

    Mostly the driver waits for a GPU that no longer answers. What the process holds is freed by a restart alone.
    """
    processes = [one for one in there(machine.stuck) or () if one[1] != GONE]
    if processes:
        yield error(
            f"{len(processes)} processes that hold a GPU are stuck",
            *(f"{name}: {state}" for name, state in processes[:5]),
            fix=fix("kernel-log"),
        )


@rule(
    "SHR105",
    "zombie-holds-gpu",
    "A zombie process holds a GPU",
    worst="warning",
    after=("GPU001", "SHR101"),
    required=False,
    source="nvml.h, nvmlDeviceGetComputeRunningProcesses; proc(5)",
    remedies=("find-holders",),
)
def gone(machine: Machine) -> RuleResults:
    """The driver names a process that holds the GPU, and this system has none of that number: a program that died
    without the driver letting go of what it had. In a container the numbers are the host's, so nothing is said there.
    """
    left = [name for name, state in there(machine.stuck) or () if state == GONE]
    if left and not machine.system.container and not there(recorded(machine.system.user_namespace, None)):
        yield warning(
            f"{len(left)} processes that ended still hold a GPU",
            f"numbers that /proc does not have: {', '.join(left[:8])}",
            fix=fix("find-holders"),
        )


@gpu_rule(
    "SHR102",
    "display-active",
    "A data-centre GPU drives a display",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetGraphicsRunningProcesses",
    remedies=("no-display",),
)
def draws(machine: Machine, gpu: Gpu) -> RuleResults:
    """A display server holds memory and time of a GPU that is made for computing."""
    # NVML lists graphics and compute processes apart; a CUDA program can be in both
    drawing = [one for one in there(gpu.processes) or () if one.graphics]
    if drawing and is_datacentre(machine, gpu):
        pids = ", ".join(str(one.pid) for one in drawing[:8])
        yield info("a display server runs on this GPU", f"processes: {pids}", fix=fix("no-display"))


@gpu_rule(
    "SHR103",
    "vgpu-unlicensed",
    "vGPU licence is missing",
    worst="error",
    source="nvml.h, nvmlGridLicensableFeatures_t; https://docs.nvidia.com/vgpu/",
    remedies=("vgpu-licence", "vgpu-licence-daemon"),
)
def unlicensed(machine: Machine, gpu: Gpu) -> RuleResults:
    """Without a licence NVIDIA's vGPU driver slows this GPU down some time after the start, and then refuses CUDA. The
    guest's service nvidia-gridd asks for the licence, with the token in /etc/nvidia/ClientConfigToken.
    """
    licences = there(gpu.licences) or ()
    # 2 is NVML_GPU_VIRTUALIZATION_MODE_VGPU; one licensed product is enough, the others need not be
    if there(gpu.virtualization) == 2 and licences and not any(one.licensed for one in licences):
        daemon = next((one for one in machine.system.services if one.name == "nvidia-gridd"), None)
        said = "is not installed" if daemon is None else "is not enabled" if not daemon.enabled else "is enabled"
        yield error(
            "this vGPU has no licence",
            *(f"{one.product}: unlicensed" for one in licences),
            f"nvidia-gridd, which asks for it, {said}",
            fix=fix("vgpu-licence" if daemon and daemon.enabled else "vgpu-licence-daemon"),
        )


@rule(
    "SHR104",
    "confidential-computing-not-ready",
    "Confidential computing: GPUs are not in the ready state",
    worst="error",
    blocks="framework",
    after=(NVML_SILENT, DRIVER_HANGS),
    source="nvml.h, nvmlSystemGetConfComputeGpusReadyState",
    remedies=("confidential-ready",),
)
def not_ready(machine: Machine) -> RuleResults:
    """In confidential mode the GPUs refuse work until they are set ready after their attestation."""
    if there(machine.driver.confidential) and known(machine.driver.confidential_ready) is False:
        yield error("the GPUs are not in the ready state", "ready state: not accepting", fix=fix("confidential-ready"))


@gpu_rule(
    "SHR001",
    "mig-without-instances",
    "MIG is enabled without instances",
    worst="error",
    blocks="framework",
    source=MIG,
    remedies=("mig-instances",),
)
def no_slices(machine: Machine, gpu: Gpu) -> RuleResults:
    """MIG mode is on and no instance was made: no CUDA program can use this GPU until one exists, or MIG is off."""
    # () and not None: a list that could not be read is no empty one
    if there(gpu.mig) and there(gpu.mig_devices) == ():
        yield error(
            "MIG mode is on, but the GPU has no instances",
            "MIG devices: none",
            fix=fix("mig-instances", index=str(gpu.index)),
        )


@gpu_rule(
    "SHR002",
    "mig-mode-pending",
    "A change of MIG mode is pending a reset",
    worst="warning",
    source=MIG,
    remedies=("reset-gpu", "keep-ecc-then-reset"),
)
def mig_pending(machine: Machine, gpu: Gpu) -> RuleResults:
    """MIG was switched on or off; it takes effect when the GPU is reset."""
    now, then = there(gpu.mig), there(gpu.mig_pending)
    if now is not None and then is not None and now != then:
        yield warning(
            f"MIG will be {'on' if then else 'off'} after the next reset",
            f"now {'on' if now else 'off'}, pending {'on' if then else 'off'}",
            fix=reset(gpu),
        )


@gpu_rule(
    "SHR003",
    "gpu-busy",
    "Other processes compute on a GPU",
    worst="info",
    required=False,
    source="nvml.h, nvmlDeviceGetComputeRunningProcesses",
)
def busy(machine: Machine, gpu: Gpu) -> RuleResults:
    """Other programs hold this GPU's memory now: less is left, and measurements taken meanwhile are not to be
    trusted.
    """
    computing = [one for one in there(gpu.processes) or () if not one.graphics]
    if computing:
        held = sum(one.memory or 0 for one in computing) // MIB
        pids = ", ".join(str(one.pid) for one in computing[:8])
        yield info("other processes compute on this GPU", f"processes: {pids}", f"memory held: {held} MiB")


@gpu_rule(
    "SHR004",
    "memory-held-invisibly",
    "GPU memory in use by no visible process",
    worst="warning",
    required=False,
    source="nvml.h, nvmlDeviceGetMemoryInfo",
    remedies=("find-holders",),
)
def leaked(machine: Machine, gpu: Gpu) -> RuleResults:
    """More than a tenth of the GPU's memory is in use, but no process that we can see holds any: the remains of a
    program that died, or a process in another container.
    """
    used, total, processes = there(gpu.memory_used), there(gpu.memory_total), there(gpu.processes)
    # in these NVML does not list the processes of others, so that none is no sign
    alone = not machine.system.container and machine.system.virtualization != "wsl" and not there(gpu.mig)
    if alone and used and total and processes == () and used * 100 > total * NOTABLE:
        yield warning(
            f"{used // MIB} MiB of the GPU's memory are in use by no visible process",
            f"in use: {used // MIB} of {total // MIB} MiB",
            fix=fix("find-holders"),
        )


@gpu_rule(
    "SHR005",
    "vgpu",
    "The GPU is a vGPU",
    worst="info",
    required=False,
    source="nvml.h, nvmlGpuVirtualizationMode_t",
    remedies=("vgpu-licence",),
)
def virtual(machine: Machine, gpu: Gpu) -> RuleResults:
    """This machine is a guest that was given a share of a GPU. Without a licence NVIDIA's vGPU slows down after a
    while.
    """
    # nvml.h, NVML_GPU_VIRTUALIZATION_MODE_VGPU; 1 is a whole card passed through, which needs no licence
    if there(gpu.virtualization) == 2:
        yield info(
            "this GPU is a vGPU: its licence and its host's driver matter too",
            "virtualization mode: vGPU",
            fix=fix("vgpu-licence"),
        )


@gpu_rule(
    "SHR006",
    "mig-one-instance",
    "A process can use only one of several MIG instances",
    worst="info",
    required=False,
    source=f"{MIG} (CUDA device enumeration)",
    remedies=("mig-instance",),
)
def one_instance(machine: Machine, gpu: Gpu) -> RuleResults:
    """CUDA shows a process a single MIG instance, however many there are and whichever CUDA_VISIBLE_DEVICES names: one
    program cannot train on two. Start a process for each, with the UUID of its own instance in CUDA_VISIBLE_DEVICES.
    """
    slices = there(gpu.mig_devices) or ()
    named = machine.system.environment.get("CUDA_VISIBLE_DEVICES", "")
    chosen = named.startswith("MIG-") and "," not in named  # CUDA takes the first of several
    if there(gpu.mig) and len(slices) > 1 and not chosen:
        uuid = optional(slices[0].uuid, "it is only the example of the command")
        yield info(
            f"this GPU has {len(slices)} MIG instances: a process can use one of them",
            "CUDA_VISIBLE_DEVICES chooses it, by its UUID",
            fix=fix("mig-instance", uuid=uuid) if uuid else None,
        )
