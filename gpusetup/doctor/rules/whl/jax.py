"""WHL3…: JAX, whose CUDA comes as a plugin beside it."""

from __future__ import annotations

import re

from gpusetup.doctor.frameworks import beside, each_jax, interpreter
from gpusetup.doctor.rule import RuleResults, error, fix, rule, warning
from gpusetup.doctor.rules.whl.wheels import too_old
from gpusetup.doctor.subjects import has_gpu
from gpusetup.machine.model import Distribution, Machine

INSTALLATION = "https://docs.jax.dev/en/latest/installation.html"
_PLUGIN = r"jax-cuda(\d+)-plugin"
_NUMBERS = r"\d+(?:\.\d+)*"


def plugins(machine: Machine, jaxlib: Distribution) -> dict[str, str]:
    """Return the CUDA majors for which a plugin lies beside `jaxlib`, and each one's version."""
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
    """There is an NVIDIA GPU, but beside JAX lies no CUDA plugin: it says that "a CUDA-enabled jaxlib is not installed"
    and computes on the CPU. Often JAX came as a requirement of something else, and is not meant for the GPU.
    """
    if has_gpu(machine) and not plugins(machine, jaxlib) and "cuda" not in jaxlib.version:
        yield warning(
            "this JAX cannot use the GPU", f"jaxlib {jaxlib.version} in {jaxlib.location}", "jax-cuda…-plugin: none",
            fix=fix("cuda-framework"),
        )  # fmt: skip


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
    """JAX leaves a plugin aside whose version is not jaxlib's own, and computes on the CPU; some pairs crash. Of two
    plugins, for two CUDA majors, one alone can be used.
    """
    found = plugins(machine, jaxlib)
    wrong = {major: version for major, version in found.items() if _numbers(version) != _numbers(jaxlib.version)}
    if wrong or len(found) > 1:
        yield error(
            "JAX leaves its CUDA plugin aside" if wrong else f"{len(found)} CUDA plugins of JAX share one environment",
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
    """The CUDA libraries of JAX's plugin ask for a newer driver: "CUDA driver version is insufficient"."""
    for major in plugins(machine, jaxlib):
        yield from too_old(machine, jaxlib, f"{major}.0")
