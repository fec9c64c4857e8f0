"""Whether `torch.compile` can work here: it needs a compiler, and on a card Triton, which leaves old cards out."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from checks.common.job import Job

_TRITON = (7, 0)
"""The oldest compute capability that Triton compiles for (GPUTooOldForTriton in torch/_inductor/exc.py)."""


def no_compiler(job: Job) -> str:
    """Return why torch.compile cannot work here, or ""."""
    if job.device == "cpu":
        return "" if shutil.which(os.environ.get("CXX", "g++")) else "there is no C++ compiler"
    capability = torch.cuda.get_device_capability(0)
    if capability < _TRITON:
        return f"Triton needs compute capability 7.0, this card has {'.'.join(map(str, capability))}"
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    # Triton compiles its launcher with it (triton/runtime/build.py)
    compilers = (os.environ.get("CC", ""), "gcc", "clang")
    return "" if any(map(shutil.which, filter(None, compilers))) else "there is no C compiler"
