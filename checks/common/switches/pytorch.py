"""PyTorch's switches."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from operator import attrgetter
from types import ModuleType
from typing import Any

import torch
from torch import backends

_CUBLAS = (
    "allow_tf32",
    "allow_bf16_reduced_precision_reduction",
    "allow_bf16_reduced_precision_reduction_split_k",
    "allow_fp16_reduced_precision_reduction",
    "allow_fp16_reduced_precision_reduction_split_k",
    "allow_fp16_accumulation",
    "fp32_precision",
)
"""The settings behind `torch.backends.cuda.matmul`, which does not list them."""
_FLOAT32 = (
    "backends.cudnn",  # all of CUDA
    "backends",
    "backends.cudnn.conv",
    "backends.cudnn.rnn",
    "backends.cuda.matmul",
    "backends.mkldnn.matmul",
    "backends.mkldnn.conv",
    "backends.mkldnn.rnn",
)
"""What has an `fp32_precision`, from the general to the particular."""


def put_back() -> None:
    """Set what start-up code may have set to PyTorch's defaults: types, devices, gradients, errors, autocast."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False)  # it would turn an expected NaN into an error
    torch.set_flush_denormal(False)
    torch.set_warn_always(False)
    for kind in ("cpu", "cuda"):
        torch.set_autocast_enabled(kind, False)
    torch.multiprocessing.set_start_method("fork", force=True)  # spawned loader workers would import all again


def set_float32(precision: str) -> None:
    """Compute float32 in full, or with ``tf32`` where PyTorch can, by whatever interface it was set before.

    PyTorch 2.9 added `fp32_precision` beside `allow_tf32` and `set_float32_matmul_precision`, and raises an error where
    the two disagree. Each new setting is set first; the old ones then follow it.
    """
    for path in _FLOAT32 if hasattr(backends, "fp32_precision") else ():
        attrgetter(path)(torch).fp32_precision = "ieee"
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    backends.cudnn.allow_tf32 = precision == "tf32"
    matmul = backends.cuda.matmul
    for reduced in ("bf16_reduced_precision_reduction", "fp16_reduced_precision_reduction", "fp16_accumulation"):
        if hasattr(matmul, f"allow_{reduced}"):
            setattr(matmul, f"allow_{reduced}", False)


def switches() -> dict[str, str]:
    """Return every switch of `torch.backends` that this version has, and those of its own that change bits."""
    own = {
        "torch.get_default_dtype": torch.get_default_dtype(),
        "torch.are_deterministic_algorithms_enabled": torch.are_deterministic_algorithms_enabled(),
        "torch.get_float32_matmul_precision": _read(torch.get_float32_matmul_precision),
        "torch.get_num_interop_threads": torch.get_num_interop_threads(),
        "torch.utils.deterministic.fill_uninitialized_memory": torch.utils.deterministic.fill_uninitialized_memory,
        "denormals": "kept" if torch.tensor(2.0**-126).mul(0.5).item() else "flushed",
    }
    found: dict[str, Any] = dict(own)
    for name in sorted(module for module in sys.modules if module.startswith("torch.backends.")):
        found |= {f"{name}.{switch}": value for switch, value in _of_module(sys.modules[name])}
    found["torch.backends.fp32_precision"] = _read(lambda: backends.fp32_precision)
    found |= {
        f"torch.backends.cuda.matmul.{name}": _read(lambda n=name: getattr(backends.cuda.matmul, n)) for name in _CUBLAS
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _of_module(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the switches of one module of `torch.backends`, whichever way it offers them.

    They are properties of the module's own class, plain variables, and functions that say what is enabled.
    """
    for name, thing in vars(type(module)).items() if type(module) is not ModuleType else ():
        if type(thing).__name__ == "_FP32Precision":
            yield f"{name}.fp32_precision", _read(lambda t=thing: t.fp32_precision)
        elif name[0] != "_" and hasattr(type(thing), "__set__") and not isinstance(thing, property):
            yield name, _read(lambda n=name: getattr(module, n))
    for name, thing in vars(getattr(module, "m", module)).items():
        if name[0] == "_" or name.isupper():
            continue
        if isinstance(thing, bool | str):
            yield name, getattr(module, name)  # what is set stands on the module, not on what is behind it
        elif _says(name) and getattr(thing, "__module__", "") == module.__name__ and not _needed(thing):
            yield name, _read(thing)


def _says(name: str) -> bool:
    return name == "is_available" or name.endswith(("_enabled", "_allowed")) or name.startswith("preferred_")


def _needed(function: Any) -> bool:
    return any(one.default is one.empty for one in inspect.signature(function).parameters.values())


def _read(switch: Any) -> Any:
    """Return what a switch says; None where this version has no such one, its complaint where it has two opinions."""
    try:
        return switch()
    except AttributeError:
        return None
    except RuntimeError as error:
        return f"cannot be read: {str(error).partition('.')[0]}"
