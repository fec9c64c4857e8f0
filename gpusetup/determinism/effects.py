"""What is really in force, asked of the libraries that are imported; nothing is imported in order to ask."""

from __future__ import annotations

import sys
from typing import Any

TRUE = {"1", "true", "yes", "on", "y", "t"}


def torch_threads(value: str) -> bool | None:
    """Return whether PyTorch computes with the number of threads that OMP_NUM_THREADS says."""
    torch = sys.modules.get("torch")
    first = value.partition(",")[0]
    return None if torch is None or not first.isdecimal() else torch.get_num_threads() == int(first)


def vector_width(value: str) -> bool | None:
    """Return whether PyTorch's own kernels use the instruction set that ATEN_CPU_CAPABILITY says."""
    torch = sys.modules.get("torch")
    asked = getattr(getattr(getattr(torch, "backends", None), "cpu", None), "get_cpu_capability", None)
    return None if asked is None else asked().lower() in {value, f"no {value}"}


def tensorflow_determinism(value: str) -> bool | None:
    """Return whether TensorFlow's op determinism is what TF_DETERMINISTIC_OPS says."""
    config = sys.modules.get("tensorflow.python.framework.config")
    asked = getattr(config, "is_op_determinism_enabled", None)
    return None if asked is None else asked() or value.lower() not in TRUE


def jax_x64(value: str) -> bool | None:
    """Return whether JAX has the type of numbers that JAX_ENABLE_X64 says."""
    jax = sys.modules.get("jax")
    return None if jax is None else bool(jax.config.jax_enable_x64) == (value.lower() in TRUE)


def keras_backend(value: str) -> bool | None:
    """Return whether Keras computes with the backend that KERAS_BACKEND says."""
    keras: Any = sys.modules.get("keras")
    asked = getattr(getattr(keras, "config", None), "backend", None)
    return None if asked is None else asked() == value


VARIABLES = {
    "torch_threads": torch_threads, "vector_width": vector_width, "tensorflow_determinism": tensorflow_determinism,
    "jax_x64": jax_x64, "keras_backend": keras_backend,
}  # fmt: skip
"""Name in the table → whether the value is in force; None where that cannot be asked."""


def _torch(name: str) -> Any:
    torch = sys.modules.get("torch")
    for part in name.split("."):
        torch = getattr(torch, part, None)
    return torch


def benchmark() -> bool:
    """Return whether cuDNN measures its algorithms although deterministic ones are asked for."""
    return bool(_torch("backends.cudnn.deterministic") and _torch("backends.cudnn.benchmark"))


def cudnn_alone() -> bool:
    """Return whether only cuDNN was asked for deterministic algorithms, in a PyTorch that computes with CUDA."""
    return bool(_torch("backends.cudnn.deterministic") and _torch("version.cuda") and not _strict())


def warn_only() -> bool:
    """Return whether PyTorch only warns of operations that do not repeat their bits."""
    asked = _torch("is_deterministic_algorithms_warn_only_enabled")
    return bool(_strict() and asked and asked())


def unfilled() -> bool:
    """Return whether new memory is left as it is although deterministic algorithms are asked for."""
    return _strict() and _torch("utils.deterministic.fill_uninitialized_memory") is False


def other_backend() -> bool:
    """Return whether TensorFlow's op determinism is on while Keras computes with another backend."""
    config = sys.modules.get("tensorflow.python.framework.config")
    asked = getattr(getattr(sys.modules.get("keras"), "config", None), "backend", None)
    if config is None or asked is None or asked() == "tensorflow":
        return False
    return bool(config.is_op_determinism_enabled())


def _strict() -> bool:
    asked = _torch("are_deterministic_algorithms_enabled")
    return bool(asked and asked())


SETTINGS = {
    "benchmark": benchmark, "cudnn_alone": cudnn_alone, "warn_only": warn_only, "unfilled": unfilled,
    "other_backend": other_backend,
}  # fmt: skip
"""Id in the table → whether the setting is found in this process."""
