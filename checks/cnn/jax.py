"""The network in JAX: `lax.conv_general_dilated`, `lax.reduce_window`, statistics passed along, optax's SGD."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from checks.cnn import EPSILON, KEPT, RATE, SIDE, fresh
from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, Training, cross_entropy, dense, momentum

if TYPE_CHECKING:
    from checks.cnn import Images, Statistics
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

Array = np.ndarray[Any, Any]
_OPTIMISER = momentum(RATE)


class Network(Training):
    """The frame with moving statistics."""

    moving: Parameters

    def __init__(self, weights: Weights, job: Job) -> None:
        super().__init__(scores, cross_entropy, _OPTIMISER, weights, job)

    def load(self, weights: Weights) -> None:
        super().load(weights)
        self.set_statistics(fresh())

    def output(self, *inputs: Array) -> Array:
        return array(evaluate(self.parameters, self.moving, *self.given(inputs)))

    def gradients(self, inputs: Inputs, truth: Array) -> tuple[float, dict[str, Array]]:
        (value, _), gradients = backward(self.parameters, self.moving, *self.given((*inputs, truth)))
        return float(value), {name: array(gradient) for name, gradient in gradients.items()}

    def step(self, inputs: Inputs, truth: Array) -> float:
        self.parameters, self.memory, self.moving, value = update(
            self.parameters, self.memory, self.moving, *self.given((*inputs, truth))
        )
        return float(value)

    def statistics(self) -> Statistics:
        return {name: array(value) for name, value in self.moving.items()}

    def set_statistics(self, statistics: Statistics) -> None:
        self.moving = {name: jnp.array(value, self.dtype) for name, value in statistics.items()}

    def layouts(self, images: Images) -> dict[str, Array]:
        (there,) = self.given((images,))
        given = self.parameters, self.moving, there
        return {"channels last": array(evaluate(*given)), "channels first": array(evaluate_first(*given))}


def scores(
    parameters: Parameters, moving: Parameters, images: jax.Array, *, training: bool, order: str = "NHWC"
) -> tuple[jax.Array, Parameters]:
    """Return the scores of images (n, 8, 8, 1) and the statistics after them."""
    x = images if order == "NHWC" else images.transpose(0, 3, 1, 2)
    channels = order.index("C")
    block = tuple(1 if axis in {0, channels} else 2 for axis in range(4))
    after = dict(moving)
    for number in (1, 2):
        x = lax.conv_general_dilated(
            x, parameters[f"conv{number}.kernel"], (1, 1), "SAME", dimension_numbers=(order, "HWIO", order)
        )
        x, seen = normal(parameters, moving, f"norm{number}", x, channels, training=training)
        after |= {name: KEPT * moving[name] + (1 - KEPT) * value for name, value in seen.items()}
        x = lax.reduce_window(jax.nn.relu(x), -jnp.inf, lax.max, block, block, "VALID")
    x = x if order == "NHWC" else x.transpose(0, 2, 3, 1)
    return dense(parameters, "scores", x.reshape(len(x), -1)), after


def normal(
    parameters: Parameters, moving: Parameters, layer: str, x: jax.Array, channels: int, *, training: bool
) -> tuple[jax.Array, Parameters]:
    """Return normalised channels, and the mean and variance of this batch where it is trained."""
    shape = tuple(-1 if axis == channels else 1 for axis in range(4))
    mean, variance, seen = moving[f"{layer}.mean"], moving[f"{layer}.variance"], {}
    if training:
        places = tuple(axis for axis in range(4) if axis != channels)
        mean, variance = x.mean(places), x.var(places)
        seen = {f"{layer}.mean": mean, f"{layer}.variance": variance}
    factor = parameters[f"{layer}.scale"] * lax.rsqrt(variance + EPSILON)
    return (x - mean.reshape(shape)) * factor.reshape(shape) + parameters[f"{layer}.shift"].reshape(shape), seen


def loss(
    parameters: Parameters, moving: Parameters, images: jax.Array, digits: jax.Array
) -> tuple[jax.Array, Parameters]:
    """Return the cross-entropy, mean over the images, and the statistics after them."""
    found, moving = scores(parameters, moving, images, training=True)
    return cross_entropy(found, digits), moving


@jax.jit
def evaluate(parameters: Parameters, moving: Parameters, images: jax.Array) -> jax.Array:
    """Return the scores by the moving statistics."""
    return scores(parameters, moving, images, training=False)[0]


@jax.jit
def evaluate_first(parameters: Parameters, moving: Parameters, images: jax.Array) -> jax.Array:
    """Return the same with channels before places."""
    return scores(parameters, moving, images, training=False, order="NCHW")[0]


backward = jax.jit(jax.value_and_grad(loss, has_aux=True))


@partial(jax.jit, donate_argnums=(0, 1, 2))
def update(
    parameters: Parameters, memory: optax.OptState, moving: Parameters, images: jax.Array, digits: jax.Array
) -> tuple[Parameters, optax.OptState, Parameters, jax.Array]:
    """Make one step; return the loss before it too."""
    (value, moving), gradients = backward(parameters, moving, images, digits)
    updates, memory = _OPTIMISER.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory, moving, value


def network(weights: Weights, job: Job) -> Network:
    """Return the network under cross-entropy and SGD with momentum."""
    return Network(weights, job)


def augment(images: Images, shifts: Array, job: Job) -> Images:
    """Return each image moved down and right by its `shifts`."""
    return array(_augment(images.astype(dtype(job)), shifts.astype(np.int32))).astype(np.float32)


@jax.jit
def _augment(images: jax.Array, shifts: jax.Array) -> jax.Array:
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return jax.vmap(lambda image, shift: lax.dynamic_slice(image, (1 - shift[0], 1 - shift[1], 0), (SIDE, SIDE, 1)))(
        padded, shifts
    )
