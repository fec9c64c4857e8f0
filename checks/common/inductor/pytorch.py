"""Whether `torch.compile` can work here: it needs a compiler, and on a card Triton, which leaves old cards out."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch._functorch.config
import torch._inductor.config

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


def compile_anew(job: Job) -> None:
    """Have TorchInductor write each program anew, into a folder of this run, and compile it in this process.

    By default it takes what an earlier run has left in a folder of /tmp, and starts a pool of processes that each
    import PyTorch. The rounds of a run share the folder: what they have in common there are the compiler's headers,
    which take ten seconds, and object files by the digest of the source that both have written.
    """
    if job.trace:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(Path(job.trace).parent / "inductor")
    torch._inductor.config.compile_threads = 1
    torch._inductor.config.fx_graph_cache = False
    if hasattr(torch._functorch.config, "enable_autograd_cache"):  # since PyTorch 2.5
        torch._functorch.config.enable_autograd_cache = False
