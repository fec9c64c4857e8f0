"""Both networks in JAX: two dictionaries of weights, two states of optax, each loss differentiated by one of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import array, dtype
from checks.descent.jax import Parameters, adam, dense, logistic_loss
from checks.gan import BETA, RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]
Sloped = tuple[jax.Array, Parameters]
_OPTIMISERS = {name: adam(rate, BETA) for name, rate in RATES.items()}


class Gan:
    """Generator and discriminator, each with its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype = dtype(job)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.nets = {
            name: {key: jnp.array(value, self.dtype) for key, value in weights.items() if key.startswith(f"{name}.")}
            for name in RATES
        }
        self.memories = {name: _OPTIMISERS[name].init(net) for name, net in self.nets.items()}

    def make(self, noise: Array) -> Array:
        return array(run("generator", self.nets["generator"], self.given(noise)))

    def score(self, numbers: Array) -> Array:
        return array(run("discriminator", self.nets["discriminator"], self.given(numbers)))

    def gradients(self, real: Array, noise: Array) -> tuple[dict[str, float], dict[str, Array]]:
        (teach, teaching), (deceive, deceiving) = differentiate(self.nets, self.given(real), self.given(noise))
        losses = {"discriminator": float(teach), "generator": float(deceive)}
        return losses, {name: array(gradient) for name, gradient in (deceiving | teaching).items()}

    def teach(self, real: Array, made: Array) -> float:
        self.nets["discriminator"], self.memories["discriminator"], loss = judge(
            self.nets["discriminator"], self.memories["discriminator"], self.given(real), self.given(made)
        )
        return float(loss)

    def discriminate(self, real: Array, noise: Array) -> float:
        self.nets["discriminator"], self.memories["discriminator"], loss = judge_made(
            self.nets["discriminator"], self.memories["discriminator"], self.nets["generator"], self.given(real),
            self.given(noise),
        )  # fmt: skip
        return float(loss)

    def deceive(self, noise: Array) -> float:
        self.nets["generator"], self.memories["generator"], loss = cheat(
            self.nets["generator"], self.memories["generator"], self.nets["discriminator"], self.given(noise)
        )
        return float(loss)

    def weights(self) -> dict[str, Array]:
        return {name: array(weight) for net in self.nets.values() for name, weight in net.items()}

    def given(self, numbers: Array) -> Array:
        """Return numbers in the type that is computed in."""
        return numbers.astype(self.dtype, copy=False)


@partial(jax.jit, static_argnums=0)
def run(name: str, net: Parameters, x: jax.Array) -> jax.Array:
    """Return what one network gives."""
    return dense(net, f"{name}.output", jnp.tanh(dense(net, f"{name}.hidden", x)))


def apart(discriminator: Parameters, real: jax.Array, made: jax.Array) -> jax.Array:
    """Return the discriminator's loss."""
    right, wrong = (run("discriminator", discriminator, numbers) for numbers in (real, made))
    return logistic_loss(right, jnp.ones_like(right)) + logistic_loss(wrong, jnp.zeros_like(wrong))


def deceived(generator: Parameters, discriminator: Parameters, noise: jax.Array) -> jax.Array:
    """Return the generator's loss."""
    scores = run("discriminator", discriminator, run("generator", generator, noise))
    return logistic_loss(scores, jnp.ones_like(scores))


@jax.jit
def differentiate(nets: dict[str, Parameters], real: jax.Array, noise: jax.Array) -> tuple[Sloped, Sloped]:
    """Return the loss of either network with its slopes, those of the discriminator first."""
    generator, discriminator = nets["generator"], nets["discriminator"]
    teach = jax.value_and_grad(apart)(discriminator, real, run("generator", generator, noise))
    return teach, jax.value_and_grad(deceived)(generator, discriminator, noise)


@jax.jit
def judge(
    discriminator: Parameters, memory: optax.OptState, real: jax.Array, made: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make a step of the discriminator; return the loss before it too."""
    value, gradients = jax.value_and_grad(apart)(discriminator, real, made)
    updates, memory = _OPTIMISERS["discriminator"].update(gradients, memory)
    return optax.apply_updates(discriminator, updates), memory, value


@jax.jit
def judge_made(
    discriminator: Parameters, memory: optax.OptState, generator: Parameters, real: jax.Array, noise: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make a step of the discriminator on what the generator makes."""
    return judge(discriminator, memory, real, run("generator", generator, noise))


@jax.jit
def cheat(
    generator: Parameters, memory: optax.OptState, discriminator: Parameters, noise: jax.Array
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """Make a step of the generator; return the loss before it too."""
    value, gradients = jax.value_and_grad(deceived)(generator, discriminator, noise)
    updates, memory = _OPTIMISERS["generator"].update(gradients, memory)
    return optax.apply_updates(generator, updates), memory, value
