"""PYT1…, WHL2…: what an environment is made of: requirements, conda, links, folders of the user's own."""

from __future__ import annotations

from gpusetup.doctor.frameworks import beside, each_framework, interpreter
from gpusetup.doctor.rule import RuleResults, error, fix, rule, warning
from gpusetup.doctor.rules.pyt.environments import each_conda
from gpusetup.doctor.subjects import has_gpu
from gpusetup.machine.model import Distribution, Machine, Package

METADATA = "Python packaging: core metadata (Requires-Dist), version specifiers"


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
    """The framework's own metadata ask for another version of a distribution than the one beside it. Of NVIDIA's
    libraries each release was built and tested with one version; another gives missing symbols, wrong kernels or slow
    ones.

    A requirement that no version here contradicts, because it is not installed, is not spoken of.
    """
    from gpusetup.doctor.requirement import unmet  # needed where a framework is

    have = beside(machine, framework)
    wrong = [one for line in framework.requires if (one := unmet(line, have, machine.system.arch))]
    if wrong:
        yield warning(
            f"not met of what {framework.name} {framework.version} requires: {len(wrong)}",
            *wrong[:5],
            fix=fix(
                "requirements", python=interpreter(framework), requirement=f"{framework.name}=={framework.version}"
            ),
        )


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
    """There is an NVIDIA GPU, but conda has chosen a build for the CPU alone, mostly since it saw no driver when it
    solved (a login node, a container's build). ``CONDA_OVERRIDE_CUDA`` tells it which one will be there.
    """
    if one.maker.startswith(("cpu", "mkl", "eigen")) and has_gpu(machine):
        yield error(
            f"conda's {one.name} was built for the CPU alone",
            f"{one.name} {one.version} {one.maker} in {one.place}",
            fix=fix("conda-cuda"),
        )
