"""Properties of the host that affect the bits of a result: part of every environment key."""

from __future__ import annotations

import os
import platform
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from checks.common.job import Job
from checks.common.variables import variables

_LEVELS = (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("SSE4.2", "sse4_2"), ("SVE", "sve"), ("NEON", "asimd"))
_KERNELS = re.compile(r"amx_\w+|avx\w*|f16c|fma|sve\w*|bf16|asimd\w*|i8mm|sme2?")
"""The instruction sets for which libraries have separate kernels."""
_BLAS = re.compile(
    r"lib(openblas|scipy_openblas|mkl_rt|mkl_core|blis|blas|cublas|cublasLt|cudnn|gomp|iomp5|omp)[^/]*\.so.*"
)
"""Mathematical libraries, by the names of their files."""


def host(job: Job) -> dict[str, str]:
    """Return processor, instruction sets, threads, libraries as loaded, Python, NumPy, and each switch that is set."""
    blas = _numpy_blas()
    return {
        "processor": _processor().get("model name", platform.processor() or platform.machine()),
        "instruction set": next((level for level, flag in _LEVELS if flag in instructions()), platform.machine()),
        "instructions": " ".join(sorted(filter(_KERNELS.fullmatch, instructions()))),
        "threads": str(job.threads),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numpy blas": f"{blas.get('name', '?')} {blas.get('version', '?')}",
        "c library": _c_library(),
        "loaded libraries": " ".join(_loaded()),
        "switches": " ".join(f"{name}={value}" for name, value in variables().items()),
    } | ({} if job.device == "cpu" else {"driver": driver()})


def driver(report: Path = Path("/proc/driver/nvidia/version")) -> str:
    """Return the version of the loaded NVIDIA driver, whose compiler makes kernels of PTX, or "?" where it is hidden.

    Its first line has ``Kernel Module  570.86.16`` or, of the open modules, ``Kernel Module for x86_64  570.86.16``.
    """
    try:
        text = report.read_text("utf-8", "replace")
    except OSError:
        return "?"
    found = re.search(r"Kernel Module(?: for \S+)?\s+(\d[\d.]+)", text)
    return found[1] if found else "?"


def instructions() -> frozenset[str]:
    """Return the processor's instruction sets by the kernel's names (``avx2``); none where it does not list them."""
    fields = _processor()
    return frozenset(fields.get("flags", fields.get("Features", "")).split())


@cache
def _processor() -> dict[str, str]:
    """Return the kernel's description of the first processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8", "replace").splitlines() if cpuinfo.exists() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}


def _c_library() -> str:
    """Return ``glibc 2.36``, whose exp and sin differ between versions, or what Python reports of another library."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "?"
    except (ValueError, OSError):
        return " ".join(platform.libc_ver()).strip() or "?"


def _numpy_blas() -> dict[str, Any]:
    """Return NumPy's description of the BLAS it was built with."""
    described: dict[str, Any] = dict(np.show_config(mode="dicts"))
    found: dict[str, Any] = described.get("Build Dependencies", {}).get("blas", {})
    return found


def _loaded() -> list[str]:
    """Return the files of the mathematical libraries that are loaded in this process, by name."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text("utf-8", "replace").splitlines() if maps.exists() else []
    return sorted({name for line in lines if _BLAS.fullmatch(name := line.rpartition("/")[2])})
