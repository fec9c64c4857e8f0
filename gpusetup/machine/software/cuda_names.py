"""Names of the libraries that a GPU stack loads, as their sonames begin (``libcufft`` of ``libcufft.so.11``)."""

from __future__ import annotations

DRIVER = ("libcuda", "libnvidia-ml")
CUDA = (
    "libcudart", "libcudnn", "libnccl", "libcublas", "libcublasLt", "libcufft", "libcurand", "libcusolver",
    "libcusolverMg", "libcusparse", "libcusparseLt", "libnvJitLink", "libnvrtc", "libcupti", "libnvToolsExt",
    "libcufile", "libnvshmem_host",
)  # fmt: skip
"""Each comes in a wheel of its own; what the wheels of PyTorch, TensorFlow and JAX require, and what cuSOLVER needs."""
CUDNN_PART = "libcudnn_"
"""cuDNN 8 and newer is a small library that opens these: ``libcudnn_ops``, ``libcudnn_graph``, ``libcudnn_adv``…"""
STEMS = DRIVER + CUDA


def is_cuda(soname: str) -> bool:
    """Say whether `soname` is a library of CUDA or cuDNN that a wheel can bring: ``libcudnn.so.9``."""
    stem, _, number = soname.partition(".so.")
    return number.isdecimal() and (stem in CUDA or stem.startswith(CUDNN_PART))


def matters(soname: str) -> bool:
    """Say whether `soname` is one of a GPU stack: those of CUDA, and the driver's ``libcuda.so.1``."""
    stem, _, number = soname.partition(".so.")
    return number == "1" if stem in DRIVER else is_cuda(soname)
