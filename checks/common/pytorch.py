"""The PyTorch backend: one thread count, deterministic algorithms, full float32 precision, and what it runs on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
import torch._inductor.config  # use_deterministic_algorithms() would import it again in every job
from numpy.typing import NDArray

from checks.common.host import host
from checks.common.job import LOSS_SCALE, Job
from checks.common.needs import Unsupported, require_tf32
from checks.common.switches.pytorch import put_back, set_float32, switches

_LIBRARY = re.compile(r"^ *- ((?:Intel\(R\)|OpenMP|LAPACK|NNPACK|CUDA|CuDNN|Magma).*)$", re.MULTILINE)
_USED = torch.cuda.is_initialized()
"""Whether start-up code has used a GPU before this import: a process that has initialised CUDA cannot be forked."""
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def prepare(job: Job) -> None:
    """Set everything that is known to change the bits."""
    if job.device != "cpu" and _USED:
        raise Unsupported("needs a PyTorch that start-up code of this Python (sitecustomize) has not used a card with")
    put_back()
    set_float32(job.precision)
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    torch.use_deterministic_algorithms(True)
    # benchmarking picks the fastest convolution by measurement, which may differ from process to process
    torch.backends.cudnn.benchmark = False
    if job.device != "cpu" and not torch.cuda.is_available():
        if not torch.backends.cuda.is_built():
            raise Unsupported(f"needs a PyTorch built for {job.device}, this is {torch.__version__}, built without")
        # built for CUDA, so the driver is missing or too old: `exit_causes` knows this message
        raise RuntimeError(f"PyTorch {torch.__version__} cannot use {job.device}: torch.cuda.is_available() is False")
    if job.precision == "tf32":
        require_tf32(torch.cuda.get_device_capability(0))
    if job.precision in _AUTOCAST:
        _autocast(job)


def _autocast(job: Job) -> None:
    """Compute products in half precision from here on, as ``with torch.autocast(…)`` around the whole job would.

    Without its cache: that is emptied only where the ``with`` ends, so that a weight would be cast once and never
    again, however often the optimiser changed it.
    """
    kind = device(job).type
    torch.set_autocast_dtype(kind, _AUTOCAST[job.precision])
    torch.set_autocast_enabled(kind, True)
    torch.set_autocast_cache_enabled(False)


def backward(loss: torch.Tensor) -> None:
    """Differentiate with autocast off: each operation then runs back in the type in which it ran forward.

    PyTorch recommends it, and releases without pytorch/pytorch#125186 run the way back in float16 otherwise, since the
    type of autocast was not passed on to the threads of a device.
    """
    with torch.autocast(loss.device.type, enabled=False):
        loss.backward()


def refused(error: RuntimeError) -> bool:
    """Return whether deterministic mode refused an operation, as it has no deterministic form."""
    return "does not have a deterministic implementation" in str(error)


def running_sum(value: torch.Tensor) -> torch.Tensor:
    """Return the running sums of rows whose order of summation cannot matter, also where deterministic mode refuses.

    It does so on a GPU before PyTorch 2.6 (pytorch/pytorch#136224).
    """
    try:
        return value.cumsum(dim=1)
    except RuntimeError as error:
        if not refused(error):
            raise
    torch.use_deterministic_algorithms(False)
    try:
        return value.cumsum(dim=1)
    finally:
        torch.use_deterministic_algorithms(True)


def dtype(job: Job) -> torch.dtype:
    """Return the type that weights and inputs are kept in; autocast makes of them what it needs."""
    return torch.float64 if job.precision == "float64" else torch.float32


def scaler(job: Job) -> torch.amp.GradScaler:
    """Return what scales the loss in float16 and unscales the gradients; at other precisions it does nothing."""
    return torch.amp.GradScaler(device(job).type, init_scale=LOSS_SCALE, enabled=job.precision == "fp16")


def device(job: Job) -> torch.device:
    """Return the device of this job; the engine lets a worker see one GPU at most."""
    return torch.device("cpu" if job.device == "cpu" else "cuda")


def array(tensor: torch.Tensor) -> NDArray[Any]:
    """Return what a tensor holds; half precision, which NumPy has no bfloat16 of, as float32."""
    there = tensor.detach()
    half = there.dtype in {torch.bfloat16, torch.float16}
    return np.array((there.float() if half else there).cpu())


def environment(job: Job) -> dict[str, str]:
    """Return the environment key: builds and libraries as loaded, device, switches."""
    key = host(job) | {
        "torch": torch.__version__,
        "torch build": torch.version.git_version,
        "torch libraries": "; ".join(_LIBRARY.findall(torch.__config__.show())),
        "torch vector width": torch.backends.cpu.get_cpu_capability(),
        "precision": job.precision,
    }
    key |= switches()
    if job.device == "cpu":
        return key
    card = torch.cuda.get_device_properties(0)
    return key | {
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "gpu": card.name,
        "compute capability": f"{card.major}.{card.minor}",
        "multiprocessors": str(card.multi_processor_count),
    }
