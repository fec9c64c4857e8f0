"""FWK206, FWK207, FWK30…: what a framework reports when CUDA fails, decoded by ``import_errors.json`` (``--deep``)."""

from __future__ import annotations

import os

from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, NVML_SILENT
from gpusetup.doctor.kernel.sleep import woken
from gpusetup.doctor.rule import Fix, RuleResults, either, error, fix, recorded, rule, there
from gpusetup.doctor.software.cuda_libraries import bringing, cuda_major
from gpusetup.doctor.software.import_errors import Meaning, reported
from gpusetup.doctor.software.imports import distribution, each_import, import_failure, texts
from gpusetup.machine.model import Framework, Machine

CUDA_ERRORS = "https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html"
IMPORT = ("FWK001", "FWK002", "FWK003", "FWK004")
DRIVER = ("GPU001", GPU_LOST, DRIVER_HANGS, NVML_SILENT)
OPEN_LICENSE = "Dual MIT/GPL"
EXTRAS = {"tensorflow": "[and-cuda]", "jax": "[cuda{}]"}
"""The extra with which pip installs NVIDIA's wheels beside it."""
UNKNOWN = "CUDA error 999"
NEWEST = 13
"""The newest CUDA major that JAX has a plugin for."""


def _decoded(rule_id: str, machine: Machine, framework: Framework) -> Meaning | None:
    """Return what the framework has reported, if it is what the rule speaks of."""
    if import_failure(framework):
        return None
    said = reported(texts(machine, framework))
    return said if said and said.rule == rule_id else None


def _reported(rule_id: str, machine: Machine, framework: Framework) -> RuleResults:
    if said := _decoded(rule_id, machine, framework):
        yield error(f"{framework.name} reports: {said.words}", said.text, fix=fix(said.fix))


def _hmm_may_be_on(machine: Machine) -> bool:
    """Say whether the open module may use heterogeneous memory management, which the proprietary one does not have."""
    lines = [line for _, line in there(recorded(machine.system.kernel.modprobe, ())) or ()]
    said = " ".join([*lines, there(machine.system.kernel.command_line) or ""])
    return there(machine.driver.module_license) == OPEN_LICENSE and "uvm_disable_hmm=1" not in said


@rule(
    "FWK301",
    "cuda-driver-rejected",
    "CUDA rejects the driver: too old, mismatched or a stub (CUDA errors 34, 35, 803, 804)",
    worst="error",
    after=(*DRIVER, "DRV004", "LIB006", "LIB004", "LIB007", "LIB002", "WHL004", "WHL103", "WHL303", "FWK203", *IMPORT),
    over=each_import,
    source=CUDA_ERRORS,
    remedies=("loaded", "newer-driver"),
)
def driver_rejected(machine: Machine, framework: Framework) -> RuleResults:
    """The CUDA runtime in the framework refuses the driver: it is older than the runtime needs (35), its library
    and its kernel module are of two versions (803), a forward-compatibility library is loaded where it may not be
    (804), or the toolkit's stub (34).
    """
    yield from _reported("FWK301", machine, framework)


@rule(
    "FWK302",
    "cuda-init-failed",
    "CUDA initialisation fails (CUDA errors 100, 101, 802, 999)",
    worst="error",
    after=(*DRIVER, "LIB001", "PRM001", "PRM002", "PRM004", "KRN006", "ENV001", "ENV101", "CTR001", "FAB002", *IMPORT),
    over=each_import,
    source=CUDA_ERRORS,
    remedies=("driver-userland", "fabric-manager", "kernel-log", "reload-uvm"),
)
def not_initialised(machine: Machine, framework: Framework) -> RuleResults:
    """CUDA cannot start in the framework's process: it finds no GPU (100), not the one that was asked for (101), the
    NVLink fabric is not ready (802), or it does not know why (999). TensorFlow reports "Could not find cuda drivers on
    your machine" where it finds no libcuda.so.1.
    """
    said = _decoded("FWK302", machine, framework)
    slept = woken(machine)[-1:] if said and UNKNOWN in said.words else []
    if said and slept:
        yield error(f"{framework.name} reports: {said.words}", said.text, *slept, fix=fix("reload-uvm"))
    else:
        yield from _reported("FWK302", machine, framework)


@rule(
    "FWK303",
    "cuda-out-of-memory",
    "A framework runs out of GPU memory (CUDA error 2)",
    worst="error",
    after=(*DRIVER, *IMPORT),
    over=each_import,
    source=CUDA_ERRORS,
    remedies=("gpu-processes",),
)
def out_of_memory(machine: Machine, framework: Framework) -> RuleResults:
    """The trial computations need a few megabytes, and the GPU has none left: other processes hold it. cuBLAS and
    cuDNN say "not initialized" for the same reason.
    """
    yield from _reported("FWK303", machine, framework)


@rule(
    "FWK304",
    "cuda-kernel-failed",
    "CUDA kernel fails on the GPU (CUDA errors 214, 700, 702, 715, 716, 719)",
    worst="error",
    after=(*DRIVER, "MEM001", "XID001", *IMPORT),
    over=each_import,
    source=CUDA_ERRORS,
    remedies=("kernel-log",),
)
def kernel_failed(machine: Machine, framework: Framework) -> RuleResults:
    """A computation that has worked on millions of GPUs failed on this one. The kernel log has an Xid that says
    whether the program, the driver or the hardware is at fault.
    """
    yield from _reported("FWK304", machine, framework)


@rule(
    "FWK305",
    "cuda-device-unavailable",
    "CUDA device is busy or unavailable (CUDA error 46)",
    worst="error",
    after=(*DRIVER, "PRM003", "SHR103", *IMPORT),
    over=each_import,
    source=CUDA_ERRORS,
    remedies=("gpu-processes",),
)
def unavailable(machine: Machine, framework: Framework) -> RuleResults:
    """The GPU takes no further process: its compute mode is exclusive and another process has it, or is prohibited. A
    vGPU without a licence answers the same.
    """
    yield from _reported("FWK305", machine, framework)


@rule(
    "FWK306",
    "cuda-not-initialised",
    "CUDA initialisation fails although the driver answers (CUDA error 3)",
    worst="error",
    after=(*DRIVER, "KRN006", "PRM001", "PRM002", "CTR001", *IMPORT),
    over=each_import,
    source="github.com/NVIDIA/open-gpu-kernel-modules: issue 901, kernel-open/nvidia-uvm/uvm_hmm.c",
    remedies=("disable-hmm", "kernel-log"),
)
def start_fails(machine: Machine, framework: Framework) -> RuleResults:
    """nvidia-smi works, and cuInit answers 3 (initialization error): the driver's memory module, nvidia_uvm, refuses.

    With the open kernel module it can be heterogeneous memory management (HMM), which some kernels do not bear, those
    of RHEL 9 among them; the module's option ``uvm_disable_hmm=1`` turns it off.
    """
    if said := _decoded("FWK306", machine, framework):
        hmm = _hmm_may_be_on(machine)
        more = ["the open module's HMM is not disabled (uvm_disable_hmm)"] if hmm else []
        remedy = fix("disable-hmm" if hmm else "kernel-log")
        yield error(f"{framework.name} reports: {said.words}", said.text, *more, fix=remedy)


@rule(
    "FWK208",
    "library-refused-as-older",
    "A framework refuses a CUDA library that is too old",
    worst="error",
    after=("LIB003", "WHL301", "WHL302", "WHL304", *IMPORT),
    over=each_import,
    source="github.com/jax-ml/jax: issue 18027, jax_plugins/xla_cuda12/__init__.py",
    remedies=("separate-environments",),
)
def refused_as_older(machine: Machine, framework: Framework) -> RuleResults:
    """JAX compares the versions of NVIDIA's libraries with those that it was built with, and does without the GPU where
    one is older. Mostly PyTorch is in the same environment and pins the older one.
    """
    if said := _decoded("FWK208", machine, framework):
        home = os.path.dirname(either(framework.location) or "")
        other = [one for one in machine.distributions if one.name == "torch" and home and one.location == home]
        pins = [f"torch {one.version} in the same environment pins its own" for one in other]
        yield error(f"{framework.name} reports: {said.words}", said.text, *pins, fix=fix("separate-environments"))


@rule(
    "FWK206",
    "xla-compiler-missing",
    "XLA cannot find ptxas or libdevice at run time",
    worst="error",
    after=("LIB103", *IMPORT),
    over=each_import,
    source="https://www.tensorflow.org/install/pip; github.com/tensorflow/tensorflow: issue 60254",
    remedies=("requirements",),
)
def no_compiler(machine: Machine, framework: Framework) -> RuleResults:
    """XLA compiles for the GPU with ptxas and libdevice, which come in NVIDIA's nvcc wheel or a CUDA toolkit. It
    looks beside the framework, in /usr/local/cuda and where ``XLA_FLAGS=--xla_gpu_cuda_data_dir`` says.
    """
    if said := _decoded("FWK206", machine, framework):
        yield error(f"{framework.name} reports: {said.words}", said.text, fix=_with_libraries(framework))


@rule(
    "FWK207",
    "library-not-opened",
    "A framework cannot open a CUDA library and runs on the CPU",
    worst="error",
    after=("GPU001", "LIB003", "WHL002", "WHL105", "WHL301", "WHL302", "WHL304", *IMPORT),
    over=each_import,
    source="github.com/openxla/xla: dlopen_checker.cc, dso_loader; github.com/jax-ml/jax: issues 28929, 30050",
    remedies=("requirements",),
)
def not_opened(machine: Machine, framework: Framework) -> RuleResults:
    """TensorFlow and JAX open NVIDIA's libraries when they first look for a GPU. Where one cannot be opened they go
    on without a GPU. It is missing, or LD_LIBRARY_PATH puts one of another version before it, whose own libraries
    are missing.
    """
    if said := _decoded("FWK207", machine, framework):
        stem = said.what if said.what.startswith("lib") else f"lib{said.what}"
        wheel = bringing(_spelled(stem), cuda_major(either(framework.cuda) or ""))
        brought = [f"{said.what} is brought by the wheel {wheel}"] if wheel else []
        yield error(f"{framework.name} reports: {said.words}", said.text, *brought, fix=_with_libraries(framework))


def _spelled(stem: str) -> str:
    """Return a library's name as its file has it: JAX says ``cuSPARSE`` of libcusparse, ``cuPTI`` of libcupti."""
    return stem if ".so" in stem else stem.lower()


def _with_libraries(framework: Framework) -> Fix:
    """Return how to install the framework with NVIDIA's wheels."""
    name, version = distribution(framework), either(framework.version)
    extra = EXTRAS.get(framework.name, "").format(cuda_major(either(framework.cuda) or "") or NEWEST)
    return fix("requirements", python=framework.python, requirement=f"{name}{extra}{f'=={version}' if version else ''}")
