"""Operations in JAX: primitive by primitive, and compiled as a whole by `jit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax, nn

from checks.common.jax import array, device, dtype
from checks.common.job import Job
from checks.operations.engine import Array, Task
from checks.operations.program import as_tuple

NAMES: Mapping[str, Any] = {"jax": jax, "jnp": jnp, "lax": lax, "nn": nn, "optax": optax, "np": np}
ISOLATED = False  # preparing JAX opens its devices, and a process with threads must not be forked
SLOW_START = frozenset[str]()


def modes(job: Job) -> tuple[str, ...]:
    """Return the modes; nearly all of JAX runs under jit, and primitive by primitive each is compiled alone."""
    return ("jit", "eager") if job.profile == "full" else ("jit",)


def run(task: Task, job: Job) -> list[Array]:
    """Run the operation and return its gradients."""
    inputs = {name: _array(value, job) for name, value in task.inputs.items()}
    # all are arguments: what is closed over is a constant, which XLA computes with before it runs anything
    given = tuple(inputs.values())

    def function(*values: Any) -> tuple[Any, ...]:
        return as_tuple(task.function(*values))

    def both(*values: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        known = dict(zip(inputs, values, strict=True))

        def of(*chosen: Any) -> tuple[Any, ...]:
            return function(*(known | dict(zip(task.wrt, chosen, strict=True))).values())

        outputs, pull = jax.vjp(of, *(known[name] for name in task.wrt))
        return outputs, pull(tuple(_cotangent(one, c) for one, c in zip(outputs, task.cotangents, strict=True)))

    task.began("forward")
    forward, backward = (jax.jit(function), jax.jit(both)) if task.mode == "jit" else (function, both)
    if not task.wrt:
        task.got([array(one) for one in forward(*given)])
        return []
    if task.alone:
        task.got([array(one) for one in forward(*given)])
    outputs, gradients = backward(*given)
    if not task.alone:
        task.got([array(one) for one in outputs])
    task.began("backward")
    return [array(one) for one in gradients]


def _cotangent(output: Any, given: Array | None) -> Any:
    if given is None:
        real = jnp.issubdtype(output.dtype, jnp.inexact)
        return jnp.zeros_like(output) if real else np.zeros(output.shape, jax.dtypes.float0)
    return jnp.asarray(given).astype(output.dtype)


def _array(value: Array, job: Job) -> Any:
    kept = value.astype(dtype(job)) if value.dtype == np.float64 else value
    return jax.device_put(kept if value.dtype != np.int64 else value.astype(np.int32), device(job))
