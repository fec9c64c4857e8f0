"""The exact models in JAX: its matrix products, its automatic differentiation, optax's SGD, in one compiled step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import dtype
from checks.exact import GRID, LEARNING_RATE, STEEPEST, STRIDE, Step
from checks.exact.models import MODELS
from checks.exact.reduction.jax import all_reduce as all_reduce  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]

_OPTIMISER = optax.sgd(LEARNING_RATE)


def snap(value: jax.Array, low: float, high: float) -> jax.Array:
    """Return the nearest multiples of 2^-6 in [low, high]; JAX rounds half to even."""
    return jnp.clip(jnp.round(value * GRID) / GRID, low, high)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def grid(value: jax.Array, low: float, high: float) -> jax.Array:
    """`snap`, with slopes that pass inside the range and are snapped themselves."""
    return snap(value, low, high)


def _grid_forward(value: jax.Array, low: float, high: float) -> tuple[jax.Array, jax.Array]:
    return snap(value, low, high), (value >= low) & (value <= high)


def _grid_back(low: float, high: float, inside: jax.Array, slope: jax.Array) -> tuple[jax.Array]:  # noqa: ARG001
    return (snap(slope, -STEEPEST, STEEPEST) * inside,)


grid.defvjp(_grid_forward, _grid_back)


def primitives(left: Array, right: Array, image: Array, kernel: Array, job: Job) -> dict[str, Array]:
    """Return products and sums of integers."""
    a, b, pixels, weights = (jnp.array(array, dtype(job)) for array in (left, right, image, kernel))
    results = {
        "product": a @ b,
        "convolution": jax.lax.conv(pixels, weights, (STRIDE, STRIDE), "VALID"),
        "sum": a.sum(),
        "running sum": a.cumsum(axis=1),
    }
    return {name: np.array(result) for name, result in results.items()}


class Ops:
    """What JAX's arrays do not have as an operator; the products are kept in order."""

    def __init__(self, numbers: Any) -> None:
        self.numbers, self.products = numbers, list[jax.Array]()

    def product(self, left: jax.Array, right: jax.Array) -> jax.Array:
        self.products.append(left @ right)
        return self.products[-1]

    def grid(self, value: jax.Array, low: float, high: float) -> jax.Array:
        return grid(value, low, high)

    def transpose(self, value: jax.Array) -> jax.Array:
        return value.T

    def constant(self, value: Array) -> jax.Array:
        return jnp.array(value, self.numbers)


class Trainer:
    """A model with JAX's slopes and optax's SGD."""

    def __init__(self, model: str, weights: Parameters, inputs: Array, targets: Array, job: Job) -> None:
        self.model, self.numbers = model, dtype(job)
        self.names = list(weights)  # compiled functions return their dictionaries sorted
        self.master = {name: jnp.array(weight, self.numbers) for name, weight in weights.items()}
        self.memory = _OPTIMISER.init(self.master)
        self.inputs, self.targets = (jnp.array(array, self.numbers) for array in (inputs, targets))

    def step(self) -> Step:
        self.master, self.memory, loss, products, slopes = _step(
            self.model, self.master, self.memory, self.inputs, self.targets
        )
        return Step(
            np.array(loss),
            [np.array(product) for product in products],
            {name: np.array(slopes[name]) for name in self.names},
        )

    def weights(self) -> dict[str, Array]:
        return {name: np.array(self.master[name]) for name in self.names}


@partial(jax.jit, static_argnums=0)
def _step(
    model: str, master: Parameters, memory: optax.OptState, inputs: jax.Array, targets: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array, list[jax.Array], Parameters]:
    """Make one step; return weights, memory, loss, products and raw slopes."""

    def loss(used: Parameters) -> tuple[jax.Array, list[jax.Array]]:
        ops = Ops(inputs.dtype)
        result = MODELS[model].forward(ops, used, inputs)
        return ((result - targets) ** 2).sum() / 2, ops.products

    used = {name: snap(weight, -2, 2) for name, weight in master.items()}
    (value, products), slopes = jax.value_and_grad(loss, has_aux=True)(used)
    steps = {name: snap(slope, -STEEPEST, STEEPEST) for name, slope in slopes.items()}
    updates, memory = _OPTIMISER.update(steps, memory)
    return optax.apply_updates(master, updates), memory, value, products, slopes
