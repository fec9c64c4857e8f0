"""LIB1…: the ld.so cache, the CUDA toolkit beside a framework, XLA's ptxas, the C library."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule, there, warning
from gpusetup.doctor.software.frameworks import beside, each_framework, each_torch
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import cuda, dotted

XLA = "https://www.tensorflow.org/install/pip; https://docs.jax.dev/en/latest/installation.html"


@rule(
    "LIB101",
    "ldconfig-cache-stale",
    "The ld.so cache names missing libraries",
    worst="warning",
    source="ldconfig(8)",
    remedies=("linker-cache",),
)
def stale_cache(machine: Machine) -> RuleResults:
    """Libraries were removed or replaced and the ld.so cache was not rebuilt: programs fail to start, or load an older
    copy from elsewhere.
    """
    gone = there(machine.libraries_gone) or ()
    if gone:
        yield warning(
            f"the ld.so cache names {len(gone)} libraries that do not exist", *gone[:4], fix=fix("linker-cache")
        )


@rule(
    "LIB102",
    "toolkit-major-differs",
    "CUDA toolkit and PyTorch differ in CUDA major version",
    worst="info",
    over=each_torch,
    required=False,
    source="PyTorch: torch.utils.cpp_extension (it refuses another major)",
    remedies=("fitting-toolkit",),
)
def other_toolkit(machine: Machine, torch: Distribution) -> RuleResults:
    """PyTorch's wheels contain the CUDA runtime, so that a toolkit is needed only to compile extensions. PyTorch
    refuses one of another CUDA major version.
    """
    toolkits = {version for version in machine.toolkits.values() if version}
    if torch.cuda in {"", "cpu"} or not toolkits or not has_gpu(machine):
        return
    # cpp_extension raises for another major, and only warns for another minor
    if cuda(torch.cuda).major not in {cuda(version).major for version in toolkits}:
        yield info(
            f"no installed CUDA toolkit can compile extensions for torch {torch.version}",
            f"torch: CUDA {torch.cuda}",
            f"toolkits: {', '.join(sorted(toolkits))}",
            fix=fix("fitting-toolkit"),
        )


@rule(
    "LIB103",
    "ptxas-missing",
    "XLA cannot find ptxas",
    worst="warning",
    over=each_framework,
    required=False,
    source=XLA,
    remedies=("nvcc-wheel",),
)
def no_ptxas(machine: Machine, framework: Distribution) -> RuleResults:
    """TensorFlow's compiler XLA needs ``ptxas`` and ``libdevice`` at run time: from NVIDIA's nvcc wheel or a toolkit.
    Without them ``jit_compile=True`` ends with "libdevice not found".
    """
    if framework.name != "tensorflow" or framework.cuda in {"", "cpu"} or not has_gpu(machine):
        return
    wheels = [name for name in beside(machine, framework) if name.startswith("nvidia-cuda-nvcc")]
    # XLA_FLAGS may name the folder (--xla_gpu_cuda_data_dir), which is not looked into
    if not wheels and not machine.toolkits and "XLA_FLAGS" not in machine.system.environment:
        yield warning(
            "XLA finds neither ptxas nor libdevice",
            f"nvcc wheels beside {framework.name}: none",
            "toolkits: none",
            fix=fix("nvcc-wheel"),
        )


@rule(
    "LIB104",
    "glibc-too-old",
    "A framework needs a newer glibc",
    worst="error",
    over=each_framework,
    source="PEP 600, manylinux tags",
    remedies=("older-framework",),
)
def old_libc(machine: Machine, framework: Distribution) -> RuleResults:
    """The wheel's tag names the oldest glibc that it runs with, and this system's is older or is another C library:
    importing it ends with "version `GLIBC_…' not found". pip never installs such a wheel; another tool can, and a
    copied environment or a changed base image has the same effect.
    """
    libc = there(machine.system.libc)
    if not framework.glibc or not libc:
        return
    name, _, version = libc.partition(" ")
    # musl loads no manylinux wheel, whatever its version
    if name != "glibc" or (version and dotted(version) < dotted(framework.glibc)):
        yield error(
            f"{framework.name} {framework.version} needs glibc {framework.glibc}",
            f"here: {libc}",
            fix=fix("older-framework", name=framework.name),
        )
