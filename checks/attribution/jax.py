"""Integrated gradients in JAX: the gradient of one picture's score, mapped over points and pictures by `jax.vmap`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.attribution import LEARNING_RATE, MOMENTUM, midpoints
from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, cross_entropy, update

if TYPE_CHECKING:
    from checks.attribution import Question, Weights
    from checks.common.job import Job
    from checks.training_recipe import Batch

Array = np.ndarray[Any, Any]

_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)


class Model:
    """The classifier with its optimiser, in the check's terms, whose layout it keeps."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype = dtype(job)
        self.parameters = {name: jnp.array(weight, self.dtype) for name, weight in weights.items()}
        self.memory = _OPTIMISER.init(self.parameters)

    def scores(self, pictures: Array) -> Array:
        return array(scores(self.parameters, pictures.astype(self.dtype)))

    def step(self, batch: Batch) -> float:
        pictures, columns = batch.inputs.astype(self.dtype), batch.targets.astype(np.int32)
        self.parameters, self.memory, loss = update(
            scores, cross_entropy, _OPTIMISER, self.parameters, self.memory, [pictures], columns
        )
        return float(loss)

    def attributions(self, question: Question, points: int) -> Array:
        return self._integrated(False, question, points)

    def rewritten(self, question: Question, points: int) -> Array:
        return self._integrated(True, question, points)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.parameters.items()}

    def _integrated(self, rewritten: bool, question: Question, points: int) -> Array:
        pictures, baseline = question.pictures.astype(self.dtype), question.baseline.astype(self.dtype)
        asked = question.classes.astype(np.int32)
        return array(integrated(rewritten, points, self.parameters, pictures, baseline, asked))


@jax.jit
def scores(parameters: Parameters, pictures: jax.Array) -> jax.Array:
    """Return the scores of a picture (64,) or of several (n, 64)."""
    hidden = jnp.tanh(pictures @ parameters["hidden.weight"].T + parameters["hidden.bias"])
    return hidden @ parameters["output.weight"].T + parameters["output.bias"]


def otherwise(parameters: Parameters, picture: jax.Array) -> jax.Array:
    """Return the same of one picture, written otherwise."""
    seen = jnp.einsum("p,hp->h", picture, parameters["hidden.weight"]) + parameters["hidden.bias"]
    hidden = 2 * jax.nn.sigmoid(2 * seen) - 1
    classes = zip(parameters["output.weight"], parameters["output.bias"], strict=True)
    return jnp.stack([(hidden * weight).sum() + bias for weight, bias in classes])


@partial(jax.jit, static_argnums=(0, 1))
def integrated(
    rewritten: bool, points: int, parameters: Parameters, pictures: jax.Array, baseline: jax.Array, asked: jax.Array
) -> jax.Array:
    """Return the attributions, by the gradient at so many places between baseline and picture."""
    net, places = otherwise if rewritten else scores, jnp.asarray(midpoints(points), pictures.dtype)

    def one(picture: jax.Array, start: jax.Array, column: jax.Array) -> jax.Array:
        way = picture - start
        slope = jax.grad(lambda at: net(parameters, at)[column])
        return way * jax.vmap(lambda place: slope(start + place * way))(places).mean(axis=0)

    return jax.vmap(one)(pictures, baseline, asked)
