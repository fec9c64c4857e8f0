"""Map a signal, an exit code or an exception's text to an outcome and its most likely cause."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.selftest.model import Outcome

# out-of-memory messages of NumPy, PyTorch (host and GPU), TensorFlow, XLA, the CUDA libraries and C++
_NO_MEMORY = (
    "MemoryError",
    "can't allocate memory",
    "OutOfMemoryError",
    "ResourceExhaustedError",
    "RESOURCE_EXHAUSTED",
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "std::bad_alloc",
)
# messages of PyTorch, the CUDA libraries, XLA through JAX and TensorFlow when a device has no half-precision kernel of
# an operation; checks/common/no_kernel.py has the sources
NO_KERNEL = (
    "not implemented for 'Half'",
    "not implemented for 'BFloat16'",
    "CUBLAS_STATUS_NOT_SUPPORTED",
    "CUBLAS_STATUS_ARCH_MISMATCH",
    "CUDNN_STATUS_NOT_SUPPORTED",
    "CUDNN_STATUS_ARCH_MISMATCH",
    "is not supported by dot_general on CPU",
    "No OpKernel was registered",
    "Could not find device for node",
)
_UNSUPPORTED = "unsupported: "
"""Prefix of a worker's error when a check cannot run with the installed versions or on the device."""
_NO_DEVICE = " cannot use cuda:"
"""Part of the error that `prepare` in checks/common raises when the framework finds no GPU."""


def of_error(error: str, *, half: bool = False) -> tuple[Outcome, str]:
    """Return outcome and cause of a job that raised `error`; `half` means that it computed in half precision.

    In half precision a missing kernel is unsupported; in float32 it is a failure. A framework that is too old for the
    check, or that cannot use the device with its build or with this driver, is unsupported as well.
    """
    short = error if len(error) <= 400 else f"{error[:400]} …"
    if error.startswith(_UNSUPPORTED):
        return "unsupported", short.removeprefix(_UNSUPPORTED)
    if half and any(sign in error for sign in NO_KERNEL):
        return "unsupported", short
    if _NO_DEVICE in short:
        return "unsupported", short.removeprefix("RuntimeError: ")
    return ("out of memory" if _names_memory(error) else "failed"), short


def of_signal(number: int, log: tuple[str, ...] = (), *, kernel_killed: bool = False) -> tuple[Outcome, str]:
    """Return outcome and cause of a job that was killed by a signal and whose last lines were `log`.

    `kernel_killed` means that the kernel's OOM killer ended some process while the job ran.
    """
    if number == signal.SIGKILL and kernel_killed:
        return "out of memory", f"{name_signal(number)}: the kernel's OOM killer ended a process"
    said = next((line for line in log if _names_memory(line)), "")
    return ("out of memory", f"{name_signal(number)}: {said}") if said else ("crashed", name_signal(number))


def of_status(
    status: int, error: str, log: tuple[str, ...], *, kernel_killed: bool, half: bool = False
) -> tuple[Outcome, str]:
    """Return outcome and cause of a job that ended with the wait `status`, possibly an `error`, and no result."""
    if os.WIFSIGNALED(status):
        return of_signal(os.WTERMSIG(status), log, kernel_killed=kernel_killed)
    return of_error(error or f"it ended with exit code {os.WEXITSTATUS(status)} and no result", half=half)


def name_signal(number: int) -> str:
    """Return ``killed by SIGSEGV (Segmentation fault)``; an unexpected SIGKILL is nearly always the OOM killer."""
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    text = "likely out of memory" if number == signal.SIGKILL else signal.strsignal(number)
    return f"killed by {name} ({text})"


def _names_memory(text: str) -> bool:
    return any(sign in text for sign in _NO_MEMORY)
