"""Partial convolutions in JAX: `lax.conv_general_dilated`, channels last, and views by `map_coordinates`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.ndimage import map_coordinates

from checks.common.jax import array, dtype
from checks.inpaint import LEARNING_RATE, MOMENTUM, SIZES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.inpaint import Weights
    from checks.inpaint.scene import Photo

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]

_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)


class Model:
    """The filler with its optimiser, in the check's terms, whose layout it keeps."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype = dtype(job)
        self.parameters = {name: jnp.array(weight, self.dtype) for name, weight in weights.items()}
        self.memory = _OPTIMISER.init(self.parameters)

    def fill(self, photo: Photo) -> Array:
        return array(fill(self.parameters, *self._arrays(photo)[:2])[0])

    def known(self, photo: Photo) -> list[Array]:
        return [array(one) for one in fill(self.parameters, *self._arrays(photo)[:2])[1]]

    def gradients(self, photo: Photo) -> tuple[float, dict[str, Array]]:
        value, gradients = _backward(self.parameters, *self._arrays(photo))
        return float(value), {name: array(gradients[name]) for name in self.parameters}

    def reach(self, photo: Photo) -> Array:
        return np.abs(array(_reach(self.parameters, *self._arrays(photo)[:2])))

    def step(self, photo: Photo) -> float:
        found = update(self.parameters, self.memory, *self._arrays(photo))
        self.parameters, self.memory, value = found
        return float(value)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.parameters.items()}

    def _arrays(self, photo: Photo) -> tuple[Array, Array, Array]:
        pictures, known, wall = (one.astype(self.dtype) for one in (photo.pictures, photo.known, photo.wall))
        return pictures, known, wall


def _convolve(x: jax.Array, weight: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def partial_convolution(
    weight: jax.Array, bias: jax.Array, x: jax.Array, known: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return the convolution over known values alone, and what is known then."""
    count = _convolve(known, jnp.ones((*weight.shape[:2], 1, 1), known.dtype))
    reached = (count > 0).astype(known.dtype)
    ratio = reached * (weight.shape[0] * weight.shape[1]) / jnp.maximum(count, 1)
    return (_convolve(x * known, weight) * ratio + bias) * reached, reached


@jax.jit
def fill(parameters: Parameters, x: jax.Array, known: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
    """Return the wall as three layers see it, and what is known after each."""
    masks: list[jax.Array] = []
    for layer in range(1, len(SIZES)):
        weight, bias = parameters[f"{layer}.weight"], parameters[f"{layer}.bias"]
        x, known = partial_convolution(weight, bias, jax.nn.relu(x) if masks else x, known)
        masks.append(known)
    return x, masks


_reach = jax.jit(jax.grad(lambda parameters, x, known: fill(parameters, x, known)[0].sum(), argnums=1))


def loss(parameters: Parameters, pictures: jax.Array, known: jax.Array, wall: jax.Array) -> jax.Array:
    """Return the mean squared error over the hidden part of the wall."""
    hidden = jnp.broadcast_to(known == 0, wall.shape)
    return jnp.where(hidden, (fill(parameters, pictures, known)[0] - wall) ** 2, 0).sum() / hidden.sum()


_backward = jax.jit(jax.value_and_grad(loss))


@partial(jax.jit, donate_argnums=(0, 1))
def update(
    parameters: Parameters, memory: optax.OptState, pictures: jax.Array, known: jax.Array, wall: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make one step."""
    value, gradients = jax.value_and_grad(loss)(parameters, pictures, known, wall)
    updates, memory = _OPTIMISER.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory, value


def moved(layer: Array, disparity: Array, step: float, job: Job) -> Array:
    """Return the layer taken from ``column - step · disparity``, linear between columns."""
    kind = dtype(job)
    return array(_moved(layer.astype(kind), disparity.astype(kind), kind(step)))


@jax.jit
def _moved(layer: jax.Array, disparity: jax.Array, step: jax.Array) -> jax.Array:
    rows, columns = jnp.meshgrid(*(jnp.arange(size, dtype=layer.dtype) for size in layer.shape[1:3]), indexing="ij")

    def one(channel: jax.Array, disparity: jax.Array) -> jax.Array:
        return map_coordinates(channel, [rows, columns - step * disparity], order=1, mode="nearest")

    return jax.vmap(jax.vmap(one, in_axes=(2, None), out_axes=2))(layer, disparity)
