"""The variables that change how CUDA or a framework behaves."""

from __future__ import annotations

import os
import re

from gpusetup.machine.host import Host, clean

_ONES = frozenset(
    (
        "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "CPATH", "CUDAHOSTCXX", "CUDNN_PATH", "GOTO_NUM_THREADS",
        "KERAS_BACKEND", "KERAS_HOME", "LD_AUDIT", "LD_BIND_NOW", "LD_LIBRARY_PATH", "LD_PRELOAD", "LIBRARY_PATH",
        "NUMEXPR_NUM_THREADS", "NVCC_CCBIN", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTHONHOME",
        "PYTHONNOUSERSITE", "PYTHONPATH", "SM_FRAMEWORK", "VIRTUAL_ENV",
    )
)  # fmt: skip
_FAMILIES = re.compile(
    r"(ACCELERATE|AUTOGRAD|CUBLAS|CUBLASLT|CUDA|CUDNN|CUFFT|GLOO|GOMP|HIP|JAX|KMP|MKL|NCCL|NSIGHT|NVIDIA|NVTE|OMP|ONEDNN|"
    r"PYTORCH|ROCR|TORCH|TORCHINDUCTOR|TRITON|XLA)_"
    r"|TF_(CPP|CPU|CUDNN|DETERMINISTIC|DISABLE|ENABLE|FORCE|FP16|GPU|INTER|INTRA|NUM|USE|XLA)_"
)
_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")


def read_environment(host: Host) -> dict[str, str]:
    """Return those variables of this process, none for a host that is a folder; nothing that is named like a secret."""
    if not host.live:
        return {}
    return {clean(name): clean(value) for name, value in sorted(os.environ.items()) if _matters(name)}


def _matters(name: str) -> bool:
    return (name in _ONES or _FAMILIES.match(name) is not None) and not any(word in name for word in _SECRETS)
