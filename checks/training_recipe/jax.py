"""The classifier of pictures in JAX: a function of a dictionary of weights, optax's cross-entropy and SGD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import optax

from checks.training_recipe import LEARNING_RATE, MOMENTUM, NAMES
from checks.training_recipe.adapted import jax as adapted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from checks.common.job import Job
    from checks.training_recipe import Batch, Weights


class Subject(adapted.Subject):
    """A user's model as it is; of ours, weights and gradients under the check's names."""

    def weights(self) -> dict[str, NDArray[np.floating]]:
        return _plain(super().weights())

    def gradients(self, rows: NDArray[np.int64] | None = None) -> dict[str, NDArray[np.floating] | None]:
        return _plain(super().gradients(rows))


def build(weights: Weights, batch: Batch, dropout: float, job: Job) -> object:  # noqa: ARG001 - the subject sees to it
    """Return the model with these weights, as a user returns one."""

    def apply(weights: dict[str, jax.Array], pictures: jax.Array, *, train: bool, rng: jax.Array) -> jax.Array:
        hidden = jax.nn.relu(pictures @ weights["hidden.weight"].T + weights["hidden.bias"])
        if train and dropout:
            kept = jax.random.bernoulli(rng, 1 - dropout, hidden.shape)
            hidden = jnp.where(kept, hidden / (1 - dropout), 0)
        return hidden @ weights["output.weight"].T + weights["output.bias"]

    def loss(scores: jax.Array, columns: jax.Array) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(scores, columns).mean()

    return {
        "model": (weights, apply),
        "loss": loss,
        "batch": (batch.inputs, batch.targets),
        "optimizer": optax.sgd(LEARNING_RATE, momentum=MOMENTUM),
    }


def _plain(theirs: dict[str, Any]) -> dict[str, Any]:
    """Return ``['output.bias']`` as ``output.bias``, in the forward pass's order: JAX sorts a dictionary's keys."""
    bare = {name[2:-2]: array for name, array in theirs.items()}
    return {name: bare[name] for name in NAMES} if set(bare) == {*NAMES} else theirs
