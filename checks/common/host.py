"""What of the host decides which bits come out: part of every environment key."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

import numpy as np

from checks.common.job import Job

_SWITCHES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "TF_ENABLE_ONEDNN_OPTS",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)
"""Variables that tell libraries which kernels to use."""
_LEVELS = (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("SSE4.2", "sse4_2"), ("SVE", "sve"), ("NEON", "asimd"))


def host(job: Job) -> dict[str, str]:
    """Return processor, best instruction set, threads, switches in effect and the versions of Python and NumPy."""
    return {
        "processor": _processor().get("model name", platform.processor() or platform.machine()),
        "instruction set": next((level for level, flag in _LEVELS if flag in instructions()), platform.machine()),
        "threads": str(job.threads),
        "switches": " ".join(f"{name}={os.environ[name]}" for name in _SWITCHES if name in os.environ),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def instructions() -> frozenset[str]:
    """Return the processor's instruction sets by the kernel's names for them (``avx2``); none where it does not say."""
    fields = _processor()
    return frozenset(fields.get("flags", fields.get("Features", "")).split())


@cache
def _processor() -> dict[str, str]:
    """Return what the kernel says of the first processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8", "replace").splitlines() if cpuinfo.exists() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
