"""The JAX backend: full float32 precision, one platform, and what it runs on.

Threads, platform and XLA's deterministic forms are set in the worker's environment by the engine, since XLA reads them
only once. Optax, which nearly every check needs, is imported here too. Nothing opens a device before `prepare`: a
process with an open device must not be forked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax
import jax._src.xla_bridge
import jax.experimental
import jax.numpy as jnp
import jaxlib
import numpy as np
import optax
from numpy.typing import NDArray

from checks.common.host import host
from checks.common.job import LOSS_SCALE, Job
from checks.common.needs import Unsupported, require_tf32
from checks.common.switches.jax import put_back, switches

_MATMUL = {"tf32": "tensorfloat32"}
_USED = bool(getattr(jax._src.xla_bridge, "backends_are_initialized", bool)())
"""Whether start-up code has used JAX before this import: a process with threads must not be forked."""
RuntimeFault: type[Exception] = getattr(jax.errors, "JaxRuntimeError", RuntimeError)
"""What XLA raises; JAX 0.4.30 has no public name for it."""
_HALVES = {"bf16": jnp.dtype(jnp.bfloat16), "fp16": jnp.dtype(jnp.float16)}


class Mixed(NamedTuple):
    """The type that products are computed in, and how much larger the loss is made before it is differentiated."""

    compute: Any
    scale: float

    def cast(self, weights: Any) -> Any:
        """Return weights, as they are kept, in the type that products are computed in."""
        return jax.tree.map(lambda weight: weight.astype(self.compute), weights)

    def backward(self, loss: Callable[..., jax.Array], part: float, weights: Any, *batch: Any) -> tuple[jax.Array, Any]:
        """Return the loss and the gradients of this `part` of it, which are of the type that weights are kept in."""

        def scaled(weights: Any) -> tuple[jax.Array, jax.Array]:
            value = loss(self.cast(weights), *batch)
            return value * (self.scale * part), value

        gradients, value = jax.grad(scaled, has_aux=True)(weights)
        return value, jax.tree.map(lambda gradient: gradient / self.scale, gradients)


def prepare(job: Job) -> None:
    """Set everything that is known to change the bits."""
    if _USED:
        raise Unsupported("needs a JAX that start-up code of this Python (sitecustomize) has not used yet")
    put_back()
    jax.config.update("jax_enable_x64", job.precision == "float64")
    # the default lets XLA use TF32 for float32 products on a GPU
    jax.config.update("jax_default_matmul_precision", _MATMUL.get(job.precision, "highest"))
    try:
        jax.devices("cpu" if job.device == "cpu" else "gpu")
    except RuntimeError as error:
        # CUDA support is a plug-in package; in older releases it was part of jaxlib, and named in its version
        if job.device != "cpu" and find_spec("jax_plugins") is None and "cuda" not in jaxlib.__version__:
            raise Unsupported(f"needs a JAX with a plug-in for CUDA, this is {jax.__version__} without") from error
        raise RuntimeError(f"JAX {jax.__version__} cannot use {job.device}: {error}") from error
    if job.precision == "tf32":
        require_tf32(tuple(map(int, str(device(job).compute_capability).split("."))))


def device(job: Job) -> jax.Device:
    """Return the device of this job; the engine lets a worker see one GPU at most."""
    return jax.devices("cpu" if job.device == "cpu" else "gpu")[0]


def x64(enabled: bool) -> AbstractContextManager[None]:
    """Return a context with or without 64-bit types, by the name that this version has for it."""
    make = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    context: AbstractContextManager[None] = make(enabled)
    return context


def dtype(job: Job) -> type[np.floating]:
    """Return the type that weights and inputs are kept in."""
    return np.float64 if job.precision == "float64" else np.float32


def array(tensor: jax.Array) -> NDArray[Any]:
    """Return what an array holds; half precision, which NumPy has no bfloat16 of, as float32."""
    return np.array(tensor.astype(jnp.float32) if tensor.dtype in _HALVES.values() else tensor)


def mixed(job: Job) -> Mixed:
    """Return how this job computes: JAX has no mixed precision of its own, and this is how its users write it."""
    return Mixed(_HALVES.get(job.precision, dtype(job)), LOSS_SCALE if job.precision == "fp16" else 1.0)


def guarded(optimiser: optax.GradientTransformation, job: Job) -> optax.GradientTransformation:
    """Return the optimiser, which in float16 leaves out a step whose gradients overflow."""
    return optax.apply_if_finite(optimiser, max_consecutive_errors=8) if job.precision == "fp16" else optimiser


def environment(job: Job) -> dict[str, str]:
    """Return the environment key: builds and libraries, device, switches."""
    key = host(job) | {
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "optax": optax.__version__,
        "precision": job.precision,
    }
    key |= switches()
    if job.device == "cpu":
        return key
    card = device(job)
    return key | {
        "gpu": card.device_kind,
        "compute capability": str(getattr(card, "compute_capability", "?")),
        "multiprocessors": str(getattr(card, "core_count", "?")),
        "cuda": str(card.client.platform_version),
    }
