"""The JAX backend: full float32 precision, one platform, and what it runs on.

Threads, platform and XLA's deterministic forms are settled by the environment the engine starts a worker in, since XLA
reads them once. Optax, which nearly every check needs, is imported here too. Nothing opens a device before `prepare`:
a process that has may not be forked.
"""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import optax

from checks.common.host import host
from checks.common.job import Job

_MATMUL = {"tf32": "tensorfloat32"}


def prepare(job: Job) -> None:
    """Pin everything that is known to change the bits."""
    jax.config.update("jax_enable_x64", job.precision == "float64")
    jax.config.update("jax_default_matmul_precision", _MATMUL.get(job.precision, "highest"))
    try:
        jax.devices("cpu" if job.device == "cpu" else "gpu")
    except RuntimeError as error:
        raise RuntimeError(f"JAX {jax.__version__} cannot use {job.device}: {error}") from error


def device(job: Job) -> jax.Device:
    """Return the device of this job; the engine lets a worker see one GPU at most."""
    return jax.devices("cpu" if job.device == "cpu" else "gpu")[0]


def dtype(job: Job) -> type[np.floating]:
    """Return the type that weights and inputs are kept in."""
    return {"float64": np.float64, "bf16": jnp.bfloat16, "fp16": np.float16}.get(job.precision, np.float32)


def environment(job: Job) -> dict[str, str]:
    """Return the environment key: builds and libraries, device, switches."""
    key = host(job) | {
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "optax": optax.__version__,
        "xla flags": os.environ.get("XLA_FLAGS", ""),
        "precision": job.precision,
        "matmul precision": str(jax.config.jax_default_matmul_precision),
    }
    if job.device == "cpu":
        return key
    card = device(job)
    return key | {
        "gpu": card.device_kind,
        "compute capability": str(getattr(card, "compute_capability", "?")),
        "multiprocessors": str(getattr(card, "core_count", "?")),
        "cuda": str(card.client.platform_version),
    }
