"""JAX with one process per rank: `jax.distributed`, and collectives under `jax.shard_map` over all their devices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from checks.collective.meeting import read_addresses
from checks.collective.training import RATE
from checks.common.jax import prepare

if TYPE_CHECKING:
    from checks.collective.training import Task
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def _shard_map() -> Callable[..., Any]:
    """Return `jax.shard_map`, which was experimental before JAX 0.6."""
    if hasattr(jax, "shard_map"):
        return jax.shard_map
    from jax.experimental.shard_map import shard_map  # newer versions warn of it

    return shard_map


class Group:
    """A process with one device of a mesh along the axis ``ranks``."""

    lacks: dict[str, str]

    def __init__(self, rank: int, world: int, meeting: str, job: Job) -> None:
        self.lacks = {}
        jax.distributed.initialize(read_addresses(meeting)[0], world, rank, local_device_ids=None)
        prepare(job)
        self.mesh = Mesh(np.array(jax.devices()), ("ranks",))
        if self.mesh.size != world:
            raise RuntimeError(f"{self.mesh.size} devices for {world} ranks: {jax.devices()}")
        self.world = world
        self.compiled = {kind: self._compiled(work) for kind, work in _KINDS.items()}

    def exchange(self, kind: str, numbers: Array) -> Array:
        return self._mine(self.compiled[kind](self._spread(numbers)))

    def train(self, task: Task) -> list[Array]:
        step = self._compiled(_train, P(), P("ranks"), P("ranks"))
        weights, losses = self._copied(task.start.astype(np.float32)), []
        for seen, truth in zip(task.seen.astype(np.float32), task.truth.astype(np.int32), strict=True):
            weights, loss = step(weights, self._spread(seen), self._spread(truth))
            losses.append(float(loss.addressable_data(0)))
        return [np.array(losses), self._mine(weights)]

    def leave(self) -> None:
        multihost_utils.sync_global_devices("the parting")
        jax.distributed.shutdown()

    def _spread(self, part: Array) -> jax.Array:
        """Return the array whose part of this rank is `part`."""
        sharding = NamedSharding(self.mesh, P("ranks"))
        return jax.make_array_from_process_local_data(sharding, part, (self.world * len(part), *part.shape[1:]))

    def _copied(self, whole: Array) -> jax.Array:
        return jax.make_array_from_process_local_data(NamedSharding(self.mesh, P()), whole, whole.shape)

    def _mine(self, whole: jax.Array) -> Array:
        return np.array(whole.addressable_data(0))

    def _compiled(self, work: Callable[..., Any], *given: P) -> Callable[..., Any]:
        out = (P(), P()) if work is _train else P("ranks")
        specs: Any = given or P("ranks")
        return jax.jit(_shard_map()(work, mesh=self.mesh, in_specs=specs, out_specs=out))


def _all_reduce(part: jax.Array) -> jax.Array:
    return jax.lax.psum(part, "ranks")


def _reduce_scatter(part: jax.Array) -> jax.Array:
    return jax.lax.psum_scatter(part, "ranks", tiled=True)


def _all_gather(part: jax.Array) -> jax.Array:
    return jax.lax.all_gather(part, "ranks", tiled=True)


def _broadcast(part: jax.Array) -> jax.Array:
    """Leave out of a sum what all but rank 0 say, as `multihost_utils.broadcast_one_to_all` does it."""
    return jax.lax.psum(jnp.where(jax.lax.axis_index("ranks") == 0, part, 0), "ranks")


_KINDS = {
    "all-reduce": _all_reduce,
    "reduce-scatter": _reduce_scatter,
    "all-gather": _all_gather,
    "broadcast": _broadcast,
}


def _loss(weights: jax.Array, seen: jax.Array, truth: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(seen @ weights, truth).mean()


def _train(weights: jax.Array, seen: jax.Array, truth: jax.Array) -> tuple[jax.Array, jax.Array]:
    mean = partial(jax.lax.pmean, axis_name="ranks")
    loss, slope = jax.value_and_grad(_loss)(_own(weights), seen, truth)
    return weights - RATE * mean(slope), mean(loss)


def _own(weights: jax.Array) -> jax.Array:
    """Return weights that count as this rank's own, so that gradients are those of its part of the batch.

    Since JAX 0.6 the gradient of what all ranks share is summed over them (`jax.shard_map`, "varying manual axes").
    """
    if hasattr(jax.lax, "pcast"):
        return jax.lax.pcast(weights, "ranks", to="varying")
    return jax.lax.pvary(weights, "ranks") if hasattr(jax.lax, "pvary") else weights
