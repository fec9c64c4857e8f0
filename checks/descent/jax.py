"""The frame in JAX: pure functions of weights, `jax.value_and_grad` and optax, compiled together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import array, dtype
from checks.descent import BETAS, MOMENTUM, UNSEEN

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Inputs, Weights

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]
Model = Callable[..., jax.Array]
Loss = Callable[[jax.Array, jax.Array], jax.Array]


class Training:
    """A model, a loss and an optimiser."""

    def __init__(
        self, model: Model, loss: Loss, optimiser: optax.GradientTransformation, weights: Weights, job: Job
    ) -> None:
        self.parts, self.dtype = (model, loss, optimiser), dtype(job)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.parameters = {name: jnp.array(weight, self.dtype) for name, weight in weights.items()}
        self.memory = self.parts[2].init(self.parameters)

    def output(self, *inputs: Array) -> Array:
        return array(forward(self.parts[0], self.parameters, *self.given(inputs)))

    def gradients(self, inputs: Inputs, truth: Array) -> tuple[float, dict[str, Array]]:
        value, gradients = backward(*self.parts[:2], self.parameters, self.given(inputs), *self.given((truth,)))
        return float(value), {name: array(gradient) for name, gradient in gradients.items()}

    def step(self, inputs: Inputs, truth: Array) -> float:
        self.parameters, self.memory, value = update(
            *self.parts, self.parameters, self.memory, self.given(inputs), *self.given((truth,))
        )
        return float(value)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for name, weight in self.parameters.items()}

    def given(self, arrays: Inputs) -> list[Array]:
        """Return numbers in the type that is computed in, and integers as int32."""
        return [one.astype(self.dtype if one.dtype.kind == "f" else np.int32, copy=False) for one in arrays]


@partial(jax.jit, static_argnums=0)
def forward(model: Model, parameters: Parameters, *inputs: jax.Array) -> jax.Array:
    """Return what the model gives."""
    return model(parameters, *inputs)


def loss_of(model: Model, loss: Loss, parameters: Parameters, inputs: list[jax.Array], truth: jax.Array) -> jax.Array:
    """Return the loss of the model on a batch."""
    return loss(model(parameters, *inputs), truth)


@partial(jax.jit, static_argnums=(0, 1))
def backward(
    model: Model, loss: Loss, parameters: Parameters, inputs: list[jax.Array], truth: jax.Array
) -> tuple[jax.Array, Parameters]:
    """Return the loss and its gradients."""
    return jax.value_and_grad(partial(loss_of, model, loss))(parameters, inputs, truth)


@partial(jax.jit, static_argnums=(0, 1, 2), donate_argnums=(3, 4))
def update(
    model: Model,
    loss: Loss,
    optimiser: optax.GradientTransformation,
    parameters: Parameters,
    memory: optax.OptState,
    inputs: list[jax.Array],
    truth: jax.Array,
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make one step; return the loss before it too."""
    value, gradients = backward(model, loss, parameters, inputs, truth)
    updates, memory = optimiser.update(gradients, memory, parameters)
    return optax.apply_updates(parameters, updates), memory, value


def dense(parameters: Parameters, layer: str, x: jax.Array) -> jax.Array:
    """Return x W + b."""
    return x @ parameters[f"{layer}.kernel"] + parameters[f"{layer}.bias"]


def squared_error(output: jax.Array, truth: jax.Array) -> jax.Array:
    """Return the mean of (output - truth)²."""
    return optax.squared_error(output, truth).mean()


def logistic_loss(scores: jax.Array, truth: jax.Array) -> jax.Array:
    """Return the binary cross-entropy from scores, mean over the rows."""
    return optax.sigmoid_binary_cross_entropy(scores, truth).mean()


def cross_entropy(scores: jax.Array, truth: jax.Array) -> jax.Array:
    """Return the cross-entropy from scores, mean over the rows."""
    return optax.softmax_cross_entropy_with_integer_labels(scores, truth).mean()


def gradient_descent(rate: float) -> optax.GradientTransformation:
    """Return w ← w - ηg."""
    return optax.sgd(rate)


def momentum(rate: float) -> optax.GradientTransformation:
    """Return v ← μv + g, w ← w - ηv."""
    return optax.sgd(rate, momentum=MOMENTUM)


def adam(rate: float, first: float = BETAS[0]) -> optax.GradientTransformation:
    """Return Adam with β₁ = `first` and an ε too small to be seen."""
    return optax.adam(rate, first, BETAS[1], UNSEEN)
