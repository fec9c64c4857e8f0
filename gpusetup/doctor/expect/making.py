"""What rules over expectations share: the subjects, and how an unmet expectation is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.doctor.expect.model import Expected
from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, GPU_UNANSWERED, NVML_SILENT, each_gpu
from gpusetup.doctor.rule import Rule, RuleResult, RuleResults, Subject, error, fix, rule

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine

SOURCE = "the file of expectations"
WORDS = {
    "gpus": "the number of GPUs",
    "model": "the model",
    "memory_gib": "the GPU's memory",
    "driver": "the driver",
    "cuda": "the newest CUDA that the driver runs",
    "ecc": "ECC",
    "mig": "MIG",
    "persistence": "persistence mode",
    "compute_mode": "the compute mode",
    "power_limit_watts": "the power limit",
    "vbios": "the VBIOS version",
    "pcie.width": "the number of PCIe lanes",
    "pcie.generation": "the PCIe generation",
    "nvlink.active": "the number of active NVLinks",
    "nvlink.speed_mbytes": "the NVLink speed",
    "nvlink.registered": "registration with the NVLink fabric",
    "nvlink.healthy": "the health of the NVLink fabric",
    "nvlink.peers": "peer access",
    "host.cpus": "the number of CPUs",
    "host.memory_gib": "the memory of the machine",
    "host.infiniband_ports": "the number of active InfiniBand ports",
    "host.kernel": "the kernel",
}
"""What each key is called; a service by its own name."""


class ExpectedGpu(msgspec.Struct, frozen=True):
    """One GPU and what is expected of it."""

    gpu: Gpu
    expected: Expected


def each_expected_gpu(machine: Machine, expected: Expected | None = None) -> Iterator[Subject]:
    """Every GPU that NVML shows, with the expectations."""
    if expected is not None:
        for name, gpu in each_gpu(machine):
            yield name, ExpectedGpu(gpu, expected)


def expectation(rule_id: str, slug: str, title: str) -> Callable[[Callable[..., RuleResults]], Rule]:
    """Make a rule over the machine; what made it impossible to look explains what cannot be checked."""
    return rule(
        rule_id, slug, title, worst="error", source=SOURCE, after=(DRIVER_HANGS, NVML_SILENT),
        remedies=("expectation",),
    )  # fmt: skip


def gpu_expectation(rule_id: str, slug: str, title: str) -> Callable[[Callable[..., RuleResults]], Rule]:
    """Make a rule over each GPU."""
    return rule(
        rule_id, slug, title, worst="error", source=SOURCE, over=each_expected_gpu,
        after=(GPU_LOST, DRIVER_HANGS, NVML_SILENT, GPU_UNANSWERED), remedies=("expectation",),
    )  # fmt: skip


def unmet(expected: Expected, key: str, wanted: object, found: str) -> RuleResult:
    """Return that the expectation `key` is not met: what is wanted, and what is there, in words."""
    what = WORDS.get(key) or key.rpartition(".")[2]
    return error(
        f"{what} is {found}, expected {spoken(wanted)}",
        f"{expected.file}: {key} = {spoken(wanted)}",
        f"found: {found}",
        fix=fix("expectation", file=expected.file),
    )


def spoken(value: Any) -> str:
    """Return `value` in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " or ".join(map(spoken, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
