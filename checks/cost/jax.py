"""XLA's counter (`Compiled.cost_analysis`), JAX's products and XLA's allocator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from checks.boundary import draw_weights, plane
from checks.boundary.jax import Network, train
from checks.common.jax import device, dtype
from checks.cost.host_memory import peak_resident

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.common.job import Job

COUNTS = "everything"


def counted(job: Job) -> float:
    """Return what XLA counts in the compiled step."""
    sample, network = plane.draw(job.seed), Network(draw_weights(job.seed), job)
    batch = jnp.array(sample.points, dtype(job)), jnp.array(sample.labels, dtype(job))
    found = train.lower(network.parameters, network.memory, *batch).compile().cost_analysis()
    one = found[0] if isinstance(found, list) else found  # a list of one before JAX 0.5
    return float(one["flops"])


_product = jax.jit(jnp.matmul)


def product(side: int, job: Job) -> Callable[[], object]:  # noqa: ARG001 - every backend takes it
    """Multiply, and wait for the product."""
    left = jnp.full((side, side), 0.5)
    return lambda: _product(left, left).block_until_ready()


def peak(job: Job) -> float:
    """Return the most that the allocator has held on a GPU."""
    stats = device(job).memory_stats() if job.device != "cpu" else None
    return float(stats["peak_bytes_in_use"]) if stats else peak_resident()
