"""The optimisers of Keras under TensorFlow, every step compiled into a graph, with TensorFlow's own gradients."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from keras import optimizers

from checks.sgd.rules import BETAS, DECAY, MOMENTUM, WEIGHT_DECAY, Rule

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.sgd import Weights

CONVENTIONS = {
    "ε of adagrad": "inside the root",
    "ε of rmsprop": "inside the root",
    "ε of adam": "beside the root, before the bias correction",
    "a new rate under momentum": "scales new gradients only",
}

# name → optimiser at the rate r with ε = e
_MAKE: dict[str, Callable[..., optimizers.Optimizer]] = {
    "sgd": lambda r, e: optimizers.SGD(r),  # noqa: ARG005 - all take the same
    "momentum": lambda r, e: optimizers.SGD(r, momentum=MOMENTUM),  # noqa: ARG005
    "nesterov": lambda r, e: optimizers.SGD(r, momentum=MOMENTUM, nesterov=True),  # noqa: ARG005
    "adagrad": lambda r, e: optimizers.Adagrad(r, initial_accumulator_value=0.0, epsilon=e),
    "adadelta": lambda r, e: optimizers.Adadelta(r, rho=DECAY, epsilon=e),
    "rmsprop": lambda r, e: optimizers.RMSprop(r, rho=DECAY, epsilon=e),
    "adam": lambda r, e: optimizers.Adam(r, *BETAS, epsilon=e),
    "adamw": lambda r, e: optimizers.AdamW(r, WEIGHT_DECAY, *BETAS, epsilon=e),
}


def variants(rule: Rule) -> tuple[str, ...]:  # noqa: ARG001 - every backend has this function
    """Return the other ways that Keras has to make a step."""
    return ("eager", "XLA")


class Optimiser:
    """One of Keras's optimisers, fed with gradients from outside."""

    def __init__(self, rule: Rule, start: Weights, job: Job, variant: str = "") -> None:  # noqa: ARG002
        self.variables = {name: tf.Variable(weight, dtype=tf.float32, name=name) for name, weight in start.items()}
        self.optimiser = _MAKE[rule.name](rule.rate, rule.epsilon)
        self.optimiser.build(list(self.variables.values()))
        compiled = tf.function(self._update, autograph=False, jit_compile=variant == "XLA")
        self.update = self._update if variant == "eager" else compiled

    def restart(self, start: Weights, rate: float) -> None:
        for name, variable in self.variables.items():
            variable.assign(start[name])
        for memory in self.optimiser.variables:
            memory.assign(tf.zeros_like(memory))
        self.set_rate(rate)

    def set_rate(self, rate: float) -> None:
        self.optimiser.learning_rate = rate

    def apply(self, gradients: Weights) -> None:
        self.update(self._tensors(gradients))

    def weights(self) -> Weights:
        return {name: np.array(variable) for name, variable in self.variables.items()}

    def seconds(self, gradients: Weights, steps: int) -> float:
        tensors = self._tensors(gradients)
        self.update(tensors)  # traces the graph
        started = time.perf_counter()
        for _ in range(steps):
            self.update(tensors)
        tf.test.experimental.sync_devices()
        return (time.perf_counter() - started) / steps

    def state_bytes(self) -> int:
        return sum(np.dtype(memory.dtype).itemsize * int(np.prod(memory.shape)) for memory in self.optimiser.variables)

    def _update(self, gradients: list[tf.Tensor]) -> None:
        self.optimiser.apply_gradients(zip(gradients, self.variables.values(), strict=True))

    def _tensors(self, gradients: Weights) -> list[tf.Tensor]:
        return [tf.constant(gradients[name], tf.float32) for name in self.variables]


class Training(Optimiser):
    """One of Keras's optimisers at work on an objective."""

    def __init__(self, objective: str, rule: Rule, start: Weights, job: Job) -> None:
        super().__init__(rule, start, job)
        self.objective = OBJECTIVES[objective]

    def step(self, *batch: np.ndarray[Any, Any]) -> float:
        return float(self._step(*(tf.constant(part) for part in batch)))

    @tf.function(autograph=False)
    def _step(self, *batch: tf.Tensor) -> tf.Tensor:
        variables = list(self.variables.values())
        with tf.GradientTape() as tape:
            loss = self.objective(self.variables, *batch)
        self.optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss


def himmelblau(weights: dict[str, tf.Variable], scales: tf.Tensor) -> tf.Tensor:
    """Return Himmelblau's function, summed over all points times their scales."""
    x, y = tf.unstack(weights["points"], axis=1)
    return tf.reduce_sum(scales * ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2))


def regression(weights: dict[str, tf.Variable], letters: tf.Tensor, languages: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy of a softmax regression."""
    scores = letters @ weights["weight"]
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(languages, scores))


OBJECTIVES: dict[str, Callable[..., tf.Tensor]] = {"himmelblau": himmelblau, "regression": regression}
