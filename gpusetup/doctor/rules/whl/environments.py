"""WHL2…: requirements that are not met, and CPU-only builds of conda."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, rule, warning
from gpusetup.doctor.rules.pyt.environments import each_conda
from gpusetup.doctor.software.frameworks import beside, each_framework, interpreter
from gpusetup.machine.model import Distribution, Machine, Package

METADATA = "Python packaging: core metadata (Requires-Dist), version specifiers"


def each_companion(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed torchvision and torchaudio."""
    for one in machine.distributions:
        if one.name in {"torchvision", "torchaudio"}:
            yield f"{one.name} {one.version}", one


@rule(
    "WHL201",
    "requirement-unmet",
    "A requirement of a framework is not met",
    worst="warning",
    over=each_framework,
    source=METADATA,
    remedies=("requirements",),
)
def requirements(machine: Machine, framework: Distribution) -> RuleResults:
    """The framework's metadata require another version of a distribution than the installed one. Each release was built
    and tested with one version of NVIDIA's libraries; another causes missing symbols, wrong kernels or slow ones.

    A requirement that is not installed at all is not judged here: WHL105, WHL106 and WHL304 judge missing libraries.
    """
    from gpusetup.doctor.software.requirement import unmet  # needed where a framework is

    have = beside(machine, framework)
    wrong = [one for line in framework.requires if (one := unmet(line, have, machine.system.arch))]
    if wrong:
        yield warning(
            f"{len(wrong)} requirements of {framework.name} {framework.version} are not met",
            *wrong[:5],
            fix=fix(
                "requirements", python=interpreter(framework), requirement=f"{framework.name}=={framework.version}"
            ),
        )


@rule(
    "WHL203",
    "torchvision-mismatch",
    "torchvision or torchaudio was built for another PyTorch release or CUDA",
    worst="error",
    over=each_companion,
    source=f"{METADATA}; github.com/pytorch/vision: issues 9174, 8985",
    remedies=("torch-companion",),
)
def companions(machine: Machine, one: Distribution) -> RuleResults:
    """Each release of torchvision and torchaudio is compiled for one release of PyTorch. With another one their
    operators cannot be registered: "operator torchvision::nms does not exist".

    Builds for another CUDA, or for the CPU alone, as the local part of the version shows (``+cu126``), have no CUDA
    operators that this PyTorch can call.
    """
    from gpusetup.doctor.software.requirement import required, unmet  # needed where a framework is

    have, arch = beside(machine, one), machine.system.arch
    torch = have.get("torch", "")
    wanted = [line for line in one.requires if (required(line, arch) or ("",))[0] == "torch"]
    wrong = [said for line in wanted if (said := unmet(line, have, arch))]
    build, other = one.version.partition("+")[2], torch.partition("+")[2]
    remedy = fix("torch-companion", python=interpreter(one), name=one.name, torch=torch)
    if wrong:
        yield error(f"{one.name} {one.version} was built for another PyTorch than torch {torch}", *wrong, fix=remedy)
    # PyPI's own builds have no local part, and fit any: only two that name a CUDA can disagree
    elif build and other and build != other:
        yield warning(f"{one.name} {one.version} and torch {torch} were built for different CUDA versions",
                      f"{build} and {other}", fix=remedy)  # fmt: skip


@rule(
    "WHL202",
    "conda-cpu-only",
    "CPU-only conda build of a framework",
    worst="error",
    after=("GPU001",),
    over=each_conda,
    source="conda-forge: how builds are named (cpu, cuda)",
    remedies=("conda-cuda",),
)
def conda_cpu(machine: Machine, one: Package) -> RuleResults:
    """There is an NVIDIA GPU, but conda has chosen a CPU-only build, usually because it saw no driver when it
    solved (on a login node, in a container build). ``CONDA_OVERRIDE_CUDA`` states which CUDA version will be
    available.
    """
    # conda-forge's cpu_*, Anaconda's mkl_* and eigen_* (TensorFlow)
    if one.maker.startswith(("cpu", "mkl", "eigen")) and has_gpu(machine):
        yield error(
            f"conda's {one.name} is a CPU-only build",
            f"{one.name} {one.version} {one.maker} in {one.place}",
            fix=fix("conda-cuda"),
        )
