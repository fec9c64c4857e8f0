"""Full load in JAX: a compiled product with its comparison, and int32 arrays over the device's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from checks.common.jax import array, device
from checks.soak.bounds import card_blocks, host_blocks
from checks.soak.patterns import BLOCK

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


class Device:
    """Two matrices, their product, and blocks that stay until they are written anew."""

    def __init__(self, left: Array, right: Array, job: Job) -> None:
        self.device = device(job)
        self.left, self.right = (jnp.array(one, jnp.float32) for one in (left, right))
        said = self.device.memory_stats() or {}
        free = said.get("bytes_limit", 0) - said.get("bytes_in_use", 0)
        count = host_blocks(job.profile, job.minutes) if job.device == "cpu" else card_blocks(free)
        self.memory = [jnp.zeros(BLOCK, jnp.int32) for _ in range(count)]

    def multiply(self) -> Array:
        return array(_multiply(self.left, self.right))

    def keep(self, product: Array) -> None:
        self.right_product = jnp.array(product)

    def wrong(self) -> Array | None:
        product, same = _step(self.left, self.right, self.right_product)
        return None if bool(same) else array(product)

    def blocks(self) -> int:
        return len(self.memory)

    def fill(self, number: int, pattern: Array) -> None:
        self.memory[number].delete()  # before the new one is made, or both would need room; jnp.array copies
        self.memory[number] = jnp.array(pattern)

    def differs(self, number: int, pattern: Array) -> Array | None:
        same = bool(_equal(self.memory[number], jnp.array(pattern)))
        return None if same else array(self.memory[number])


_multiply = jax.jit(jnp.matmul)


@jax.jit
def _step(left: jax.Array, right: jax.Array, product: jax.Array) -> tuple[jax.Array, jax.Array]:
    found = left @ right
    return found, (found == product).all()


@jax.jit
def _equal(one: jax.Array, other: jax.Array) -> jax.Array:
    return (one == other).all()
