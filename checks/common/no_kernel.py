"""How libraries report that a device has no kernel for a half-precision type: nothing is wrong with the device then."""

from __future__ import annotations

SIGNS = (
    "not implemented for 'Half'",
    "not implemented for 'BFloat16'",
    "CUBLAS_STATUS_NOT_SUPPORTED",  # bfloat16 products below compute capability 7.0 (pytorch/pytorch#57773)
    "CUBLAS_STATUS_ARCH_MISMATCH",
    "CUDNN_STATUS_NOT_SUPPORTED",  # recurrent layers in bfloat16 before cuDNN 9.13 (pytorch/pytorch#164411)
    "CUDNN_STATUS_ARCH_MISMATCH",
    "is not supported by dot_general on CPU",
    "No OpKernel was registered",
    "Could not find device for node",
)
"""Parts of messages of PyTorch, the CUDA libraries, XLA through JAX, and TensorFlow. The engine's
`gpusetup.selftest.workers.exit_causes` has the same, as a worker knows nothing of gpusetup."""


def lacks_kernel(error: BaseException) -> bool:
    """Return whether `error`, raised by an operation in half precision, says that there is no kernel for it."""
    return any(sign in str(error) for sign in SIGNS)
