"""The PyTorch backend: one thread count, deterministic algorithms, full float32 precision, and what it runs on."""

from __future__ import annotations

import torch
import torch._inductor.config  # use_deterministic_algorithms() would import it again in every job

from checks.common.host import host
from checks.common.job import Job


def prepare(job: Job) -> None:
    """Pin everything that is known to change the bits."""
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    if job.device != "cpu" and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} cannot use {job.device}: torch.cuda.is_available() is False")


def device(job: Job) -> torch.device:
    """Return the device of this job; the engine lets a worker see one GPU at most."""
    return torch.device("cpu" if job.device == "cpu" else "cuda")


def environment(job: Job) -> dict[str, str]:
    """Return the environment key: builds and libraries as loaded, device, switches."""
    key = host(job) | {
        "torch": torch.__version__,
        "torch build": torch.version.git_version,
        "torch vector width": torch.backends.cpu.get_cpu_capability(),
        "deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "float32 matmul precision": torch.get_float32_matmul_precision(),
    }
    if job.device == "cpu":
        return key
    card = torch.cuda.get_device_properties(0)
    return key | {
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "gpu": card.name,
        "compute capability": f"{card.major}.{card.minor}",
        "multiprocessors": str(card.multi_processor_count),
        "tf32": f"matmul {torch.backends.cuda.matmul.allow_tf32}, cudnn {torch.backends.cudnn.allow_tf32}",
    }
