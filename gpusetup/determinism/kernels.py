"""One function per library: chooses kernels that repeat their bits, and returns how to take that back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from gpusetup.determinism.model import Switch

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
WORKSPACE = ":4096:8"
XLA = "XLA_FLAGS"
XLA_FLAG = "--xla_gpu_deterministic_ops=true"


class Done(NamedTuple):
    """What was set, how it is taken back, and what came too late."""

    done: list[str]
    undo: list[Callable[[], object]]
    late: list[Switch]


class Kernels(NamedTuple):
    """The module whose kernels are chosen once it is imported, the name that people know it by, and how."""

    module: str
    title: str
    choose: Callable[[Any, bool], Done]


def _torch(torch: Any, warn_only: bool) -> Done:
    was = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=warn_only)
    shown = ", warn_only=True" if warn_only else ""
    found = Done(
        [f"torch.use_deterministic_algorithms(True{shown})"],
        [lambda: torch.use_deterministic_algorithms(was[0], warn_only=was[1])],
        [],
    )
    cudnn = torch.backends.cudnn
    # benchmarking picks the fastest algorithm by measurement, which may be another one in each process
    _attribute(found, cudnn, "torch.backends.cudnn", "benchmark", False)
    _attribute(found, cudnn, "torch.backends.cudnn", "deterministic", True)
    _attribute(found, torch.utils.deterministic, "torch.utils.deterministic", "fill_uninitialized_memory", True)
    _workspace(found, torch)
    return found


def _attribute(found: Done, owner: Any, title: str, name: str, value: bool) -> None:
    before = getattr(owner, name)
    setattr(owner, name, value)
    found.done.append(f"{title}.{name} = {value}")
    found.undo.append(lambda: setattr(owner, name, before))


def _workspace(found: Done, torch: Any) -> None:
    """Fix cuBLAS's workspaces, which it reads when the first handle is made (docs.nvidia.com/cuda/cublas)."""
    if os.environ.get(CUBLAS):
        return
    if torch.cuda.is_initialized():
        found.late.append(
            Switch(
                name=CUBLAS, value=WORKSPACE, state="too late", why="CUDA was already initialised in this process",
                instead=f"set {CUBLAS}={WORKSPACE} before the program starts",
                source="https://docs.nvidia.com/cuda/cublas/#results-reproducibility",
            )
        )  # fmt: skip
        return
    _variable(found, CUBLAS, WORKSPACE)


def _variable(found: Done, name: str, value: str) -> None:
    before = os.environ.get(name)
    os.environ[name] = value
    found.done.append(f"{name}={value}")
    found.undo.append(lambda: _put_back(name, before))


def _put_back(name: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = before


def _tensorflow(tensorflow: Any, _warn_only: bool) -> Done:
    """Have TensorFlow choose kernels that repeat their bits, or refuse; it has no mode that only warns."""
    from importlib import import_module

    config = import_module(f"{tensorflow.__name__}.python.framework.config")
    was = config.is_op_determinism_enabled()
    config.enable_op_determinism()
    undo = [] if was else [config.disable_op_determinism]
    return Done(["tf.config.experimental.enable_op_determinism()"], undo, [])


def _jax(_module: Any, _warn_only: bool) -> Done:
    """Add XLA's flag to those of the process, which the backend reads when it is made."""
    found = Done([], [], [])
    flags = os.environ.get(XLA, "")
    if XLA_FLAG in flags.split():
        return found
    if backends_made() is not False:
        found.late.append(
            Switch(
                name=XLA, value=XLA_FLAG, state="too late", why="JAX has already made its backend in this process",
                instead=f"set {XLA}={XLA_FLAG} before the program starts",
                source="github.com/openxla/xla: xla/xla.proto; github.com/jax-ml/jax: jax/_src/xla_bridge.py",
            )
        )  # fmt: skip
        return found
    _variable(found, XLA, f"{flags} {XLA_FLAG}".strip())
    return found


def backends_made() -> bool | None:
    """Return whether JAX has made a backend, which has then read XLA_FLAGS; None where this release does not say."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    if bridge is None:
        return False
    asked = getattr(bridge, "backends_are_initialized", None)
    return bool(asked()) if asked is not None else None


KERNELS = (
    Kernels("torch", "PyTorch", _torch),
    Kernels("tensorflow", "TensorFlow", _tensorflow),
    Kernels("jax", "JAX", _jax),
)
