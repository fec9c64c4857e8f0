"""Which of NVIDIA's libraries this process has loaded, and which version each says it is."""

from __future__ import annotations

import ctypes
import os
import re

OURS = re.compile(
    r"lib(cuda|cudart|cudnn\w*|cublas|cublasLt|cufft|cusparse|cusparseLt|cusolver|cusolverMg|curand|cupti|nccl|nvrtc"
    r"|nvJitLink|nvToolsExt|cufile|nvshmem_host|nvidia-\w+)\.so[.\d]*"
)


def libraries() -> list[list[str]]:
    """Return (file name, path) of each library that is mapped, in the order of the addresses."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        paths = [line.split(None, 5)[5].rstrip("\n") for line in maps if line.count("/")]
    named = [(os.path.basename(path), path) for path in dict.fromkeys(paths)]
    return [[name, path] for name, path in named if OURS.fullmatch(name)]


def versions() -> list[list[str]]:
    """Return the versions that the loaded libraries tell when they are asked; one that is not loaded is left out."""
    found = []
    for name, path in libraries():
        for component, (pattern, ask) in ASK.items():
            if re.fullmatch(pattern, name):
                found.append([component, ask(ctypes.CDLL(path))])
    return found


def _cudnn(library: ctypes.CDLL) -> str:
    library.cudnnGetVersion.restype = ctypes.c_size_t
    number = library.cudnnGetVersion()
    major = 10_000 if number >= 90_000 else 1_000  # cuDNN 9 gave the major number a digit more
    return f"{number // major}.{number % major // 100}.{number % 100}"


def _cuda(function: str):  # type: ignore[no-untyped-def]  # a function of Python 3.8 without its typing
    def ask(library: ctypes.CDLL) -> str:
        number = _integer(library, function)
        return f"{number // 1000}.{number % 1000 // 10}"

    return ask


def _nccl(library: ctypes.CDLL) -> str:
    number = _integer(library, "ncclGetVersion")
    major = 10_000 if number >= 10_000 else 1_000  # from 2.9 on
    return f"{number // major}.{number % major // 100}.{number % 100}"


def _integer(library: ctypes.CDLL, function: str) -> int:
    """Return what `function` writes through the pointer to int that it takes; raises when it fails."""
    answer = ctypes.c_int()
    status = getattr(library, function)(ctypes.byref(answer))
    if status:
        raise OSError(f"{function} answered {status}")
    return answer.value


ASK = {
    "cudnn": (r"libcudnn\.so[.\d]*", _cudnn),
    "cudart": (r"libcudart\.so[.\d]*", _cuda("cudaRuntimeGetVersion")),
    "libcuda": (r"libcuda\.so[.\d]*", _cuda("cuDriverGetVersion")),
    "nccl": (r"libnccl\.so[.\d]*", _nccl),
}
