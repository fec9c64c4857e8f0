"""WHL105, WHL106, WHL304: libraries of NVIDIA's that a framework needs and nothing here brings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, optional, rule
from gpusetup.doctor.rules.whl.jax import plugins
from gpusetup.doctor.software.cuda_libraries import bringing, cuda_libraries, cuda_major, of_extra
from gpusetup.doctor.software.frameworks import beside, each_jax, each_tensorflow, each_torch, interpreter, release
from gpusetup.doctor.software.requirement import required
from gpusetup.machine.model import Distribution, Machine

DLOPEN = "github.com/openxla/xla: xla/tsl/platform/default/dlopen_checker.cc, TryDlopenCUDALibraries"
PRELOAD = "github.com/pytorch/pytorch: torch/__init__.py, _preload_cuda_deps"
PLUGIN = "github.com/jax-ml/jax: jax_plugins/cuda/__init__.py, _check_cuda_versions"
BY_WHEELS = "the installed wheels decide"
OF_CONDA = ("cudatoolkit", "cuda-version", "cudnn", "nccl")
"""Packages of conda that come with NVIDIA's libraries."""
MAJORS = (11, 12, 13)
FIRST_UNSUFFIXED = 13
"""The first CUDA major whose wheels cuda-toolkit requires by its extras."""


@rule(
    "WHL105",
    "tensorflow-libraries-missing",
    "TensorFlow lacks NVIDIA library wheels",
    worst="error",
    after=("GPU001", "WHL002"),
    over=each_tensorflow,
    source=DLOPEN,
    remedies=("cuda-tensorflow",),
)
def missing_in_tensorflow(machine: Machine, tensorflow: Distribution) -> RuleResults:
    """TensorFlow opens each of these libraries before it shows a GPU. Where one is missing it reports "Cannot
    dlopen some GPU libraries", without its name, and computes on the CPU.

    Wheels that were installed one by one, or a resolver that left some out, are the usual origin;
    ``tensorflow[and-cuda]`` brings them all. Where cuDNN is not a wheel, or a CUDA toolkit is installed, the system
    is taken to bring them; so is conda, where it has packages of CUDA.
    """
    if not has_gpu(machine) or tensorflow.name == "tensorflow-cpu" or tensorflow.cuda == "cpu":
        return
    names = beside(machine, tensorflow)
    suffix = next((name.removeprefix("nvidia-cudnn-cu") for name in names if name.startswith("nvidia-cudnn-cu")), "")
    # without cuDNN's wheel the libraries are meant to come from the system: WHL002 asks whether they do
    if not cuda_major(suffix) or machine.toolkits or _by_conda(machine):
        return
    missing = _missing(machine, "tensorflow", cuda_major(suffix), names)
    if missing:
        yield error(
            f"tensorflow {tensorflow.version} lacks {len(missing)} of NVIDIA's libraries and will not use the GPU",
            *missing,
            f"in {tensorflow.location}",
            fix=fix("cuda-tensorflow"),
        )


@rule(
    "WHL304",
    "jax-libraries-missing",
    "JAX's CUDA plugin lacks NVIDIA library wheels",
    worst="error",
    after=("GPU001", "WHL301", "WHL302"),
    over=each_jax,
    source=PLUGIN,
    remedies=("requirements",),
)
def missing_in_jax(machine: Machine, jaxlib: Distribution) -> RuleResults:
    """JAX's CUDA plugin opens each of these libraries when it starts. Where one is missing it reports "Unable to load
    cuSPARSE. Is it installed?" or the like, and JAX computes on the CPU.

    ``jax[cuda13]`` brings them as wheels; ``jax[cuda13-local]`` leaves them to the system, where a CUDA toolkit and
    cuDNN have to be on the linker's path. Where a toolkit is installed, nothing is reported.
    """
    found = [major for major in map(cuda_major, plugins(machine, jaxlib)) if major]
    for major in found if has_gpu(machine) and not machine.toolkits and not _by_conda(machine) else ():
        missing = _missing(machine, "jax", major, beside(machine, jaxlib))
        if missing:
            yield error(
                f"JAX's plugin for CUDA {major} lacks {len(missing)} of NVIDIA's libraries and will not use the GPU",
                *missing,
                f"in {jaxlib.location}",
                fix=fix("requirements", python=interpreter(jaxlib), requirement=f"jax[cuda{major}]=={release(jaxlib)}"),
            )


@rule(
    "WHL106",
    "torch-libraries-missing",
    "PyTorch lacks NVIDIA library wheels",
    worst="error",
    after=("GPU001", "WHL001"),
    over=each_torch,
    source=f"{PRELOAD}; Python packaging: core metadata (Requires-Dist)",
    remedies=("missing-wheels",),
)
def missing_in_torch(machine: Machine, torch: Distribution) -> RuleResults:
    """PyTorch's metadata require a wheel of NVIDIA's that is installed nowhere here, and the dynamic linker finds
    no other copy of its library: ``import torch`` ends with "cannot open shared object file".

    ``pip install --no-deps``, a pruned image or a removed wheel are the usual origins.
    """
    if not has_gpu(machine) or torch.cuda == "cpu" or _by_conda(machine):
        return
    installed = {one.name for one in machine.distributions}
    wanted = {name: spec for line in torch.requires for name, spec in _wheels(line, machine.system.arch, installed)}
    missing = {name: spec for name, spec in wanted.items() if name not in installed and not _by_system(machine, name)}
    missing |= {name: name for name in _unresolved(machine, torch, cuda_major(torch.cuda)) if name not in wanted}
    if missing:
        yield error(
            f"torch {torch.version} lacks {len(missing)} of NVIDIA's library wheels and cannot be imported",
            *(f"{name}{_its_libraries(name)}" for name in missing),
            f"in {torch.location}",
            fix=fix("missing-wheels", python=interpreter(torch), wheels=" ".join(missing.values())),
        )


def _by_conda(machine: Machine) -> bool:
    """Say whether conda brings CUDA here: its Python looks into the environment's ``lib`` by an RPATH of its own."""
    return any(one.name in OF_CONDA for one in machine.conda)


def _missing(machine: Machine, framework: str, major: int, names: Iterable[str]) -> list[str]:
    """Return ``libcufft (wheel nvidia-cufft-cu12)`` of each library that neither a wheel nor the linker has."""
    # a toolkit's folder is not on the linker's path by itself
    found = {one.soname.partition(".so")[0] for one in machine.libraries if one.origin not in {"wheel", "toolkit"}}
    opened = (one for one in cuda_libraries() if framework in one.opened_by and one.stem not in found)
    # wheels of CUDA 13 have no suffix, and a plugin of 12 may lie beside them
    wanted = ((one.stem, one.distribution(major), one.distribution(major + 1)) for one in opened)
    return [f"{stem}: missing, brought by {wheel}" for stem, wheel, other in wanted if not {wheel, other} & set(names)]


def _wheels(line: str, arch: str, installed: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the wheels of NVIDIA's that a requirement asks for, and what pip is to be given for each.

    cuda-toolkit, which has no files of its own, asks for more by its extras.
    """
    name, extras = required(line, arch) or ("", ())
    if name == "cuda-toolkit" and name in installed:
        yield from ((wheel, wheel) for extra in extras if (wheel := of_extra(extra, FIRST_UNSUFFIXED)))
    elif name in {one.distribution(major) for one in cuda_libraries() for major in MAJORS}:
        yield name, re.sub(r"[ ()]", "", line.partition(";")[0])


def _by_system(machine: Machine, wheel: str) -> bool:
    """Say whether every library of `wheel` is found without it."""
    found = {one.soname.partition(".so")[0] for one in machine.libraries}
    stems = [one.stem for one in cuda_libraries() if wheel in {one.distribution(major) for major in MAJORS}]
    return found.issuperset(stems)


def _unresolved(machine: Machine, torch: Distribution, major: int) -> list[str]:
    """Return the wheels of what PyTorch's own files are linked with and no file here is."""
    wheels = {one.soname for one in machine.libraries if one.origin == "wheel"}
    gone = [
        one.soname
        for one in optional(machine.needed, BY_WHEELS) or ()
        if not one.path and one.soname not in wheels and one.file.startswith(f"{torch.location}/torch/")
    ]
    return list(dict.fromkeys(filter(None, (bringing(soname, major) for soname in gone))))


def _its_libraries(wheel: str) -> str:
    stems = [one.stem for one in cuda_libraries() if wheel in {one.distribution(major) for major in MAJORS}]
    return f" ({', '.join(stems)})" if stems else ""
