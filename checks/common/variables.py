"""Environment variables that may change bits: part of every environment key.

Names are allowed by family, as the libraries themselves name their switches, so that a new one is noticed; families
that programs of other kinds share (Terraform's begin with ``TF_`` too) are spelt out. A proof is published: a value is
kept only when it is a plain switch, else a digest says whether it is the same.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import PurePath

_FAMILIES = re.compile(
    r"(ATEN|DNNL|ONEDNN|MKL|MKLDNN|OMP|GOMP|KMP|BLIS|OPENBLAS|GOTO|VECLIB|NPY|JAX|XLA|CUDNN|CUBLAS|CUBLASLT|TORCH"
    r"|TORCHINDUCTOR|TORCHDYNAMO|TRITON|KERAS|TF_XLA|TF_ONEDNN|TF_MKL|TF_CUDNN|TF_CUBLAS|TF_GPU|TF_ENABLE|TF_DISABLE"
    r"|TF_USE|TF_FORCE|TF_DETERMINISTIC|TF_AUTO_MIXED_PRECISION|TF_MATMUL|TF_NUM|TF_OVERRIDE|TF_SET|TF_DATA)_[A-Z0-9_]+"
    r"|TF_FP16_MATMUL_USE_FP32_COMPUTE|TF_CONV2D_USE_FP16_ACCUMULATE|NVIDIA_TF32_OVERRIDE|NPROC|GLIBC_TUNABLES"
    r"|CUDA_(LAUNCH_BLOCKING|DEVICE_MAX_CONNECTIONS|FORCE_PTX_JIT|DISABLE_PTX_JIT|MODULE_LOADING)|PYTORCH_TENSOREXPR\w*"
    r"|PYTHONHASHSEED|PYTORCH_JIT\w*"
)
_NO_SWITCH = re.compile(
    r"DIR$|HOME$|PATH$|FILE$|ROOT|CACHE|DUMP|LOG|VERBOSE|PROFIL|TRACE|TOKEN|KEY|SECRET|PASS|CREDENTIAL|AUTH|URL"
    r"|ADDRESS|HOST|PORT|USER|COORDINATOR"
)
"""Exceptions in those families: paths, diagnostics, and values that may be secret."""
_PLAIN = re.compile(r"[\w.,:;=+*%{}()-]{0,80}")
_FLAGS = re.compile(r"--?[\w-]+(=[\w.,:;+*%-]{0,80})?")


def variables() -> dict[str, str]:
    """Return the switches that are set, and which libraries are loaded before all others."""
    found = {
        name: _shown(value)
        for name, value in sorted(os.environ.items())
        if _FAMILIES.fullmatch(name) and not _NO_SWITCH.search(name)
    }
    preloaded = [PurePath(one).name for one in re.split(r"[ :]+", os.environ.get("LD_PRELOAD", "")) if one]
    return found | ({"LD_PRELOAD": " ".join(preloaded)} if preloaded else {})


def _shown(value: str) -> str:
    """Return a plain switch, or flags that are, as they are; of anything else a digest."""
    words = value.split()
    if _PLAIN.fullmatch(value) or all(map(_FLAGS.fullmatch, words)):
        return value.strip()
    plain = [word if _FLAGS.fullmatch(word) else _digest(word) for word in words]
    return " ".join(plain) if any(map(_FLAGS.fullmatch, words)) else _digest(value)


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
