"""Which wheel brings which of NVIDIA's libraries, by ``cuda_libraries.json``.

The names are those in Requires-Dist of torch 2.5.1, 2.8.0 and 2.12.1, tensorflow 2.21.0 and JAX's plugins 0.10.2, and
the extras of cuda-toolkit 13.0.2 (package index, read on 2026-11-30). Up to CUDA 12 every wheel has the suffix
``-cu12``; from CUDA 13 on only those that are released apart from the toolkit have one (``by_major``):
``nvidia-cufft``, but ``nvidia-cudnn-cu13``. What TensorFlow opens before it shows a GPU is TryDlopenCUDALibraries of
github.com/openxla/xla: xla/tsl/platform/default/dlopen_checker.cc; what JAX does is _check_cuda_versions of
github.com/jax-ml/jax: jax_plugins/cuda/__init__.py; libnvJitLink is needed by cuSOLVER and cuSPARSE.
"""

from __future__ import annotations

from functools import cache

import msgspec

from gpusetup.doctor.table import read_table

LONGEST = 3
"""No CUDA major has so many digits."""
LAST_SUFFIXED = 12
"""The last CUDA major whose wheels all have a suffix."""


class CudaLibrary(msgspec.Struct, frozen=True):
    """One library, the middle of its wheel's name, and which frameworks open it by name."""

    stem: str
    wheel: str
    extra: str
    """How cuda-toolkit calls it, "" where it does not bring it."""
    by_major: bool
    opened_by: tuple[str, ...]

    def distribution(self, major: int) -> str:
        """Return the distribution that brings it for a CUDA major: ``nvidia-cufft-cu12``, ``nvidia-cufft``."""
        suffix = f"-cu{major}" if self.by_major or major <= LAST_SUFFIXED else ""
        return f"nvidia-{self.wheel}{suffix}"


@cache
def cuda_libraries() -> tuple[CudaLibrary, ...]:
    """Return the table."""
    return tuple(read_table("software/cuda_libraries", list[CudaLibrary]))


def cuda_major(series: str) -> int:
    """Return the major number of a CUDA series (``12.6``), 0 for a build without CUDA or one that does not say."""
    number = series.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) <= LONGEST else 0


def bringing(soname: str, major: int) -> str:
    """Return the distribution that brings `soname` for a CUDA major, "" where none of the table does, or major is 0."""
    if not major:
        return ""
    stem = soname.partition(".so")[0]
    stem = "libcudnn" if stem.startswith("libcudnn_") else stem
    return next((one.distribution(major) for one in cuda_libraries() if one.stem == stem), "")


def of_extra(name: str, major: int) -> str:
    """Return the distribution that cuda-toolkit's extra `name` (``cufft``) brings, "" where it brings no library."""
    return next((one.distribution(major) for one in cuda_libraries() if one.extra == name), "")
