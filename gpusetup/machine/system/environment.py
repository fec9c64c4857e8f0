"""The variables that change how CUDA or a framework behaves."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gpusetup.machine.host import Host, clean

_ONES = frozenset(
    (
        "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "CPATH", "CUDAHOSTCXX", "CUDNN_PATH", "GOTO_NUM_THREADS",
        "KERAS_BACKEND", "KERAS_HOME", "LD_AUDIT", "LD_BIND_NOW", "LD_LIBRARY_PATH", "LD_PRELOAD", "LIBRARY_PATH",
        "NUMEXPR_NUM_THREADS", "NVCC_CCBIN", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTHONHOME",
        "PYTHONNOUSERSITE", "PYTHONPATH", "SM_FRAMEWORK", "VIRTUAL_ENV",
    )
)  # fmt: skip
_FAMILIES = (
    "ACCELERATE_", "AUTOGRAD_", "CUBLAS_", "CUBLASLT_", "CUDA_", "CUDNN_", "CUFFT_", "GLOO_", "GOMP_", "HIP_", "JAX_",
    "KMP_", "MKL_", "NCCL_", "NSIGHT_", "NVIDIA_", "NVTE_", "OMP_", "ONEDNN_", "PYTORCH_", "ROCR_", "TORCH_",
    "TORCHINDUCTOR_", "TRITON_", "XLA_",
    "TF_CPP_", "TF_CPU_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_DISABLE_", "TF_ENABLE_", "TF_FORCE_", "TF_FP16_",
    "TF_GPU_", "TF_INTER_", "TF_INTRA_", "TF_NUM_", "TF_USE_", "TF_XLA_",
)  # fmt: skip
"""How the names of all others begin."""
_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")


def read_environment(host: Host, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return those of `variables`, this process's, none for a folder; nothing that is named like a secret."""
    if not host.live:
        return {}
    return {clean(name): clean(value) for name, value in sorted(variables.items()) if _matters(name)}


def _matters(name: str) -> bool:
    return (name in _ONES or name.startswith(_FAMILIES)) and not any(word in name for word in _SECRETS)
