"""ENV…: variables that hide GPUs, slow them down or change numbers."""

from __future__ import annotations

from gpusetup.doctor.rule import Verdicts, fix, info, known, rule, warning
from gpusetup.doctor.subjects import NVML_SILENT, has_gpu
from gpusetup.machine.model import Machine

CUDA_ENV = "CUDA C++ programming guide: CUDA environment variables"
DEBUGGING = (
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_ENABLE_COREDUMP_ON_EXCEPTION",
    "CUDA_DEVICE_WAITS_ON_EXCEPTION",
    "CUDA_INJECTION32_PATH",
    "CUDA_INJECTION64_PATH",
    "CUDA_PROFILE",
    "NSIGHT_CUDA_DEBUGGER",
)
NUMBERS = (
    "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "CUBLAS_WORKSPACE_CONFIG",
    "TF_DETERMINISTIC_OPS",
    "XLA_FLAGS",
)


@rule("ENV001", "CUDA_VISIBLE_DEVICES hides every GPU", worst="warning", after=("GPU001", NVML_SILENT), source=CUDA_ENV)
def all_hidden(machine: Machine) -> Verdicts:
    """CUDA_VISIBLE_DEVICES is set to nothing, or begins with something that is no GPU: CUDA programs see none at all.

    CUDA stops at the first entry that names no GPU. NVML and nvidia-smi do not look at the variable, so they still
    show them all.
    """
    value = machine.system.environment.get("CUDA_VISIBLE_DEVICES")
    if value is None or not has_gpu(machine):
        return
    first = value.partition(",")[0].strip()
    shown = len(known(machine.gpus)) if first.isdigit() else None
    unnamed = not first.isdigit() and not first.startswith(("GPU-", "MIG-"))
    if unnamed or (shown is not None and int(first) >= shown):
        yield warning(
            "CUDA_VISIBLE_DEVICES hides every GPU from CUDA",
            f"CUDA_VISIBLE_DEVICES={value!r}",
            *([] if shown is None else [f"GPUs that NVML shows: {shown}"]),
            fix=fix("unset", name="CUDA_VISIBLE_DEVICES"),
        )


@rule(
    "ENV002",
    "A debugging switch of CUDA is on",
    worst="warning",
    source="CUDA-GDB documentation; NVIDIA DCGM diagnostics",
)
def debugging(machine: Machine) -> Verdicts:
    """A variable that serves debugging or profiling is set: programs run slower, wait, or write large files."""
    for name in DEBUGGING:
        value = machine.system.environment.get(name, "")
        if value not in {"", "0"}:
            yield warning(
                f"{name} is set: CUDA programs run slower or stop", f"{name}={value}", fix=fix("unset", name=name)
            )


@rule(
    "ENV003",
    "A variable changes the numbers that a framework computes",
    worst="info",
    source="NVIDIA cuBLAS, PyTorch, TensorFlow and oneDNN documentation",
)
def numbers(machine: Machine) -> Verdicts:
    """A variable chooses precision, instruction set or algorithms, so results can differ from a machine without it.

    That may be exactly what is wanted; then it belongs into the record of every result.
    """
    said = [f"{name}={machine.system.environment[name]}" for name in NUMBERS if name in machine.system.environment]
    if said:
        yield info("these variables change the numbers that frameworks compute", *said)


@rule("ENV004", "A library is loaded before all others", worst="info", source="ld.so(8)")
def preload(machine: Machine) -> Verdicts:
    """LD_PRELOAD or LD_AUDIT puts a library into every program, which can replace functions of the CUDA libraries."""
    said = [
        f"{name}={machine.system.environment[name]}"
        for name in ("LD_PRELOAD", "LD_AUDIT")
        if machine.system.environment.get(name)
    ]
    if said:
        yield info("a library is loaded into every program before all others", *said)


@rule(
    "ENV005",
    "CUBLAS_WORKSPACE_CONFIG is not understood",
    worst="warning",
    source="https://docs.nvidia.com/cuda/cublas/#results-reproducibility",
)
def workspace(machine: Machine) -> Verdicts:
    """The value does not have cuBLAS's form, pairs of ``:SIZE:COUNT`` such as ``:4096:8``, so it does not do what was
    meant.
    """
    value = machine.system.environment.get("CUBLAS_WORKSPACE_CONFIG", "")
    parts = value.split(":")
    if value and (parts[0] or len(parts) % 2 == 0 or not all(part.isdigit() for part in parts[1:])):
        yield warning(
            "CUBLAS_WORKSPACE_CONFIG has not the form :SIZE:COUNT",
            f"CUBLAS_WORKSPACE_CONFIG={value}",
            fix=fix("cublas-workspace"),
        )
