"""The optimisers of optax, which JAX's users take, every step compiled, with JAX's own gradients."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.sgd.rules import BETAS, DECAY, MOMENTUM, WEIGHT_DECAY, Rule

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.sgd import Weights

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]

CONVENTIONS = {
    "ε of adagrad": "inside the root",
    "ε of rmsprop": "inside the root",
    "ε of adam": "beside the root",
    "a new rate under momentum": "scales all velocity",
}

# name → optimiser at the rate r with ε = e; Adagrad's accumulator would start at 0.1
_MAKE: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sgd": lambda r, e: optax.sgd(r),  # noqa: ARG005 - all take the same
    "momentum": lambda r, e: optax.sgd(r, MOMENTUM),  # noqa: ARG005
    "nesterov": lambda r, e: optax.sgd(r, MOMENTUM, nesterov=True),  # noqa: ARG005
    "adagrad": lambda r, e: optax.adagrad(r, 0.0, e),
    "adadelta": lambda r, e: optax.adadelta(r, DECAY, e),
    "rmsprop": lambda r, e: optax.rmsprop(r, DECAY, e),
    "adam": lambda r, e: optax.adam(r, *BETAS, e),
    "adamw": lambda r, e: optax.adamw(r, *BETAS, e, weight_decay=WEIGHT_DECAY),
}


def variants(rule: Rule) -> tuple[str, ...]:  # noqa: ARG001 - every backend has this function
    """Return the other ways that optax has to make a step: operation by operation."""
    return ("eager",)


class Optimiser:
    """One of optax's optimisers, fed with gradients from outside."""

    def __init__(self, rule: Rule, start: Weights, job: Job, variant: str = "") -> None:  # noqa: ARG002
        self.make = partial(_MAKE[rule.name], e=rule.epsilon)
        update = partial(_update, self.make)
        self.update = update if variant == "eager" else jax.jit(update, donate_argnums=(0, 1))
        self.restart(start, rule.rate)

    def restart(self, start: Weights, rate: float) -> None:
        self.parameters = {name: jnp.array(weight, jnp.float32) for name, weight in start.items()}
        self.memory = self.make(rate).init(self.parameters)
        self.set_rate(rate)

    def set_rate(self, rate: float) -> None:
        self.rate = jnp.float32(rate)

    def apply(self, gradients: Weights) -> None:
        self._move(_arrays(gradients))

    def weights(self) -> Weights:
        return {name: np.array(weight) for name, weight in self.parameters.items()}

    def seconds(self, gradients: Weights, steps: int) -> float:
        theirs = _arrays(gradients)
        self._move(theirs)  # compiles
        jax.block_until_ready(self.parameters)
        started = time.perf_counter()
        for _ in range(steps):
            self._move(theirs)
        jax.block_until_ready(self.parameters)
        return (time.perf_counter() - started) / steps

    def state_bytes(self) -> int:
        return sum(leaf.nbytes for leaf in jax.tree.leaves(self.memory))

    def _move(self, gradients: Parameters) -> None:
        self.parameters, self.memory = self.update(self.parameters, self.memory, self.rate, gradients)


class Training(Optimiser):
    """One of optax's optimisers at work on an objective."""

    def __init__(self, objective: str, rule: Rule, start: Weights, job: Job) -> None:
        super().__init__(rule, start, job)
        train = partial(_train, jax.value_and_grad(_OBJECTIVES[objective]), self.make)
        self.train = jax.jit(train, donate_argnums=(0, 1))

    def step(self, *batch: Array) -> float:
        self.parameters, self.memory, value = self.train(self.parameters, self.memory, self.rate, *batch)
        return float(value)


def himmelblau(weights: Parameters, scales: jax.Array) -> jax.Array:
    """Return Himmelblau's function, summed over all points times their scales."""
    x, y = weights["points"].T
    return scales @ ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def regression(weights: Parameters, letters: jax.Array, languages: jax.Array) -> jax.Array:
    """Return the cross-entropy of a softmax regression."""
    scores = letters @ weights["weight"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, languages).mean()


_OBJECTIVES: dict[str, Callable[..., jax.Array]] = {"himmelblau": himmelblau, "regression": regression}


def _train(
    backward: Callable[..., tuple[jax.Array, Parameters]],
    make: Callable[[jax.Array], optax.GradientTransformation],
    parameters: Parameters,
    memory: Any,
    rate: jax.Array,
    *batch: jax.Array,
) -> tuple[Parameters, Any, jax.Array]:
    value, gradients = backward(parameters, *batch)
    return *_update(make, parameters, memory, rate, gradients), value


def _update(
    make: Callable[[jax.Array], optax.GradientTransformation],
    parameters: Parameters,
    memory: Any,
    rate: jax.Array,
    gradients: Parameters,
) -> tuple[Parameters, Any]:
    updates, memory = make(rate).update(gradients, memory, parameters)
    return optax.apply_updates(parameters, updates), memory


def _arrays(gradients: Weights) -> Parameters:
    return {name: jnp.array(gradient, jnp.float32) for name, gradient in gradients.items()}
