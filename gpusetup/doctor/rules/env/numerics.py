"""Variables that change the numbers: TF32, determinism, cuBLAS workspaces."""

from __future__ import annotations

from gpusetup.doctor.rule import RuleResults, fix, info, rule, warning
from gpusetup.doctor.software.frameworks import each_tensorflow, release
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import dotted

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
# The release from which on each does not do what it did, and what it does. The library of 2.15.1 to 2.21.0 reads
# TF_DETERMINISTIC_OPS (and 2.21.0 follows it) and has no TF_CUDNN_USE_FRONTEND any more, looked at on 2026-11-30.
OLD_SWITCHES = {
    "TF_DETERMINISTIC_OPS": ("2.8", info, "is deprecated since TensorFlow 2.8, though {release} still follows it"),
    "TF_CUDNN_DETERMINISTIC": ("2.8", warning, "makes only cuDNN's convolutions deterministic in TensorFlow {release}"),
    "TF_CUDNN_USE_FRONTEND": ("2.15", warning, "has no effect in TensorFlow {release}"),
}


@rule(
    "ENV003",
    "numerics-variable",
    "A variable changes numerical results of a framework",
    worst="info",
    source="NVIDIA cuBLAS, PyTorch, TensorFlow and oneDNN documentation",
)
def numbers(machine: Machine) -> RuleResults:
    """A variable selects precision, instruction set or algorithms, so that results can differ from a machine
    without it.

    That may be intended; then record it with every result.
    """
    said = [f"{name}={machine.system.environment[name]}" for name in NUMBERS if name in machine.system.environment]
    if said:
        yield info("these variables change the numerical results of frameworks", *said)


@rule(
    "ENV005",
    "cublas-workspace-invalid",
    "CUBLAS_WORKSPACE_CONFIG is invalid",
    worst="warning",
    source="https://docs.nvidia.com/cuda/cublas/#results-reproducibility",
    remedies=("cublas-workspace",),
)
def workspace(machine: Machine) -> RuleResults:
    """The value does not have cuBLAS's form, pairs of ``:SIZE:COUNT`` such as ``:4096:8``, and has not the intended
    effect.
    """
    value = machine.system.environment.get("CUBLAS_WORKSPACE_CONFIG", "")
    parts = value.split(":")
    # ":4096:8" splits into "", "4096", "8": an odd number of parts, the first of them empty
    if value and (parts[0] or len(parts) % 2 == 0 or not all(part.isdecimal() for part in parts[1:])):
        yield warning(
            "CUBLAS_WORKSPACE_CONFIG does not have the form :SIZE:COUNT",
            f"CUBLAS_WORKSPACE_CONFIG={value}",
            fix=fix("cublas-workspace"),
        )


@rule(
    "ENV103",
    "determinism-variable-obsolete",
    "A determinism variable does not make this framework version deterministic",
    worst="warning",
    over=each_tensorflow,
    source="github.com/tensorflow/tensorflow: RELEASE.md (2.8.0), tensorflow/core/util/determinism.cc, "
    "tensorflow/core/kernels/numeric_options_utils.h; github.com/NVIDIA/framework-reproducibility: "
    "doc/d9m/tensorflow.md",
    remedies=("op-determinism",),
)
def old_switch(machine: Machine, tensorflow: Distribution) -> RuleResults:
    """The variable is of older releases: this one ignores it, follows it for some operations alone, or may not follow
    it for long. Call ``tf.config.experimental.enable_op_determinism()`` (with its parentheses) instead.
    """
    for name, (since, say, does) in OLD_SWITCHES.items():
        if name in machine.system.environment and dotted(release(tensorflow)) >= dotted(since):
            yield say(
                f"{name} {does.format(release=release(tensorflow))}",
                f"{name}={machine.system.environment[name]}",
                fix=fix("op-determinism", name=name),
            )


@rule(
    "ENV108",
    "tf32-forced",
    "TF32 is forced on by a variable",
    worst="warning",
    source="github.com/pytorch/pytorch: aten/src/ATen/Context.cpp, TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    remedies=("unset",),
)
def forced_tf32(machine: Machine) -> RuleResults:
    """TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1 makes every float32 matrix product use 10 bits of mantissa, whatever the
    program sets: results differ from those of other machines in the third or fourth digit.
    """
    value = machine.system.environment.get("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "0")
    if value not in {"", "0"}:
        yield warning(
            "TF32 is forced for float32 matrix products, whatever the program sets",
            f"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE={value}",
            fix=fix("unset", name="TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
        )
