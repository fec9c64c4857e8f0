"""WHL3…: JAX, whose CUDA comes as a plugin beside it."""

from __future__ import annotations

import re

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, rule, warning
from gpusetup.doctor.rules.whl.wheels import too_old
from gpusetup.doctor.software.frameworks import beside, each_jax, interpreter
from gpusetup.machine.model import Distribution, Machine

INSTALLATION = "https://docs.jax.dev/en/latest/installation.html"
_PLUGIN = r"jax-cuda(\d+)-plugin"
_NUMBERS = r"\d+(?:\.\d+)*"


def plugins(machine: Machine, jaxlib: Distribution) -> dict[str, str]:
    """Return the CUDA majors for which a plugin is installed beside `jaxlib`, and the version of each."""
    return {
        said[1]: version for name, version in beside(machine, jaxlib).items() if (said := re.fullmatch(_PLUGIN, name))
    }


@rule(
    "WHL301",
    "jax-cpu-only",
    "CPU-only JAX is installed",
    worst="warning",
    after=("GPU001",),
    over=each_jax,
    source=INSTALLATION,
    remedies=("cuda-framework",),
)
def cpu_jax(machine: Machine, jaxlib: Distribution) -> RuleResults:
    """There is an NVIDIA GPU, but JAX has no CUDA plugin: it reports that "a CUDA-enabled jaxlib is not installed" and
    computes on the CPU. JAX is often only a dependency of another package and not meant for the GPU.
    """
    # up to 0.4.30 there were builds of jaxlib with CUDA, which say so in their version (0.4.26+cuda12.cudnn89)
    if has_gpu(machine) and not plugins(machine, jaxlib) and "cuda" not in jaxlib.version:
        yield warning(
            "this JAX has no CUDA plugin and cannot use the GPU",
            f"jaxlib {jaxlib.version} in {jaxlib.location}",
            "jax-cuda…-plugin: none",
            fix=fix("cuda-framework"),
        )


@rule(
    "WHL302",
    "jax-plugin-mismatch",
    "JAX and its CUDA plugin differ in version",
    worst="error",
    after=("GPU001",),
    over=each_jax,
    source="github.com/jax-ml/jax: jaxlib/plugin_support.py, check_plugin_version; issue 24901",
    remedies=("requirements",),
)
def other_plugin(machine: Machine, jaxlib: Distribution) -> RuleResults:
    """JAX ignores a CUDA plugin whose version differs from jaxlib's and computes on the CPU; some pairs crash. Of two
    plugins for two CUDA majors only one can be used.
    """
    found = plugins(machine, jaxlib)
    # by their numbers: a plugin may be a .dev or .post of the same release
    wrong = {major: version for major, version in found.items() if _numbers(version) != _numbers(jaxlib.version)}
    if wrong or len(found) > 1:
        yield error(
            "JAX ignores its CUDA plugin, whose version differs from jaxlib's"
            if wrong
            else f"{len(found)} CUDA plugins of JAX are installed in one environment",
            f"jaxlib {jaxlib.version}",
            *(f"jax-cuda{major}-plugin {version}" for major, version in found.items()),
            fix=fix(
                "requirements",
                python=interpreter(jaxlib),
                requirement=f"jax[cuda{max(found, key=int)}]=={jaxlib.version.partition('+')[0]}",
            ),
        )


def _numbers(version: str) -> str:
    said = re.match(_NUMBERS, version)
    return said[0] if said else version


@rule(
    "WHL303",
    "jax-driver-too-old",
    "The driver is too old for JAX's CUDA",
    worst="error",
    after=("GPU001", "DRV003", "WHL302"),
    over=each_jax,
    source="facts: cuda_major (minor-version compatibility)",
    remedies=("newer-driver", "update-wsl"),
)
def old_driver(machine: Machine, jaxlib: Distribution) -> RuleResults:
    """The CUDA libraries of JAX's plugin need a newer driver: "CUDA driver version is insufficient"."""
    for major in plugins(machine, jaxlib):
        yield from too_old(machine, jaxlib, f"{major}.0")
