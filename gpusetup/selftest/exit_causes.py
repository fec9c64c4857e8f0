"""How a job ended, in words: what a signal, an exit code or an exception's text is nearly always about."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.selftest.model import Outcome

# what NumPy, PyTorch (host, card), TensorFlow, XLA, CUDA's libraries and C++ say when there is no memory left
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
# what PyTorch, XLA through JAX, TensorFlow say when a processor has no kernel for half precision
_NO_KERNEL = (
    "not implemented for 'Half'",
    "not implemented for 'BFloat16'",
    "is not supported by dot_general on CPU",
    "No OpKernel was registered",
    "Could not find device for node",
)
_UNSUPPORTED = "unsupported: "
"""How a worker begins to say that a check cannot be run with the versions, or on the device, that are here."""
_NO_DEVICE = " cannot use cuda:"
"""What `prepare` in checks/common says where the driver gives a framework no GPU."""


def of_error(error: str, *, half: bool = False) -> tuple[Outcome, str]:
    """Return how a job ended that raised `error`, and why; `half` says that it computed in half precision.

    There a kernel that is missing is no fault, and nothing is proven; in float32 it is one. Nor is a framework that is
    older than a check needs, or that cannot use the device as it is built, or as the driver is.
    """
    short = error if len(error) <= 400 else f"{error[:400]} …"
    if error.startswith(_UNSUPPORTED):
        return "unsupported", short.removeprefix(_UNSUPPORTED)
    if half and any(sign in error for sign in _NO_KERNEL):
        return "unsupported", short
    if _NO_DEVICE in short:
        return "unsupported", short.removeprefix("RuntimeError: ")
    return ("out of memory" if _names_memory(error) else "failed"), short


def of_signal(number: int, log: tuple[str, ...] = (), *, kernel_killed: bool = False) -> tuple[Outcome, str]:
    """Return how a job ended that a signal ended, whose last lines were `log`.

    `kernel_killed` says that the kernel ended some process for want of memory while the job ran.
    """
    if number == signal.SIGKILL and kernel_killed:
        return "out of memory", f"{name_signal(number)}: the kernel ended a process because no memory was left"
    said = next((line for line in log if _names_memory(line)), "")
    return ("out of memory", f"{name_signal(number)}: {said}") if said else ("crashed", name_signal(number))


def of_status(
    status: int, error: str, log: tuple[str, ...], *, kernel_killed: bool, half: bool = False
) -> tuple[Outcome, str]:
    """Return how a job ended that left the wait `status` and, maybe, an `error`, but no result."""
    if os.WIFSIGNALED(status):
        return of_signal(os.WTERMSIG(status), log, kernel_killed=kernel_killed)
    return of_error(error or f"it ended with exit code {os.WEXITSTATUS(status)} and no result", half=half)


def name_signal(number: int) -> str:
    """Return ``killed by SIGSEGV (Segmentation fault)``; SIGKILL out of nowhere is nearly always the memory."""
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    text = "likely out of memory" if number == signal.SIGKILL else signal.strsignal(number)
    return f"killed by {name} ({text})"


def _names_memory(text: str) -> bool:
    return any(sign in text for sign in _NO_MEMORY)
