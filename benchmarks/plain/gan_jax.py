"""Two networks against each other in JAX, as a user would write it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax


def start(key: Any, inputs: int, hidden: int) -> Any:
    keys = jax.random.split(key)
    return {
        "in": jax.random.normal(keys[0], (inputs, hidden)),
        "in bias": jnp.zeros(hidden),
        "out": jax.random.normal(keys[1], (hidden, 1)),
        "out bias": jnp.zeros(1),
    }


def net(weights: Any, x: Any) -> Any:
    return jnp.tanh(x @ weights["in"] + weights["in bias"]) @ weights["out"] + weights["out bias"]


def loss(scores: Any, truth: float) -> Any:
    return optax.sigmoid_binary_cross_entropy(scores, jnp.full_like(scores, truth)).mean()


def trainer(noise: int, hidden: int) -> Callable[..., float]:
    keys = jax.random.split(jax.random.key(0))
    generator, discriminator = start(keys[0], noise, hidden), start(keys[1], 1, hidden)
    moving, judging = optax.adam(2.0**-7, b1=0.5), optax.adam(2.0**-5, b1=0.5)
    memories = [moving.init(generator), judging.init(discriminator)]

    @jax.jit
    def judge(discriminator: Any, memory: Any, generator: Any, real: Any, drawn: Any) -> Any:
        made = net(generator, drawn)
        value, gradients = jax.value_and_grad(lambda own: loss(net(own, real), 1.0) + loss(net(own, made), 0.0))(
            discriminator
        )
        updates, memory = judging.update(gradients, memory)
        return optax.apply_updates(discriminator, updates), memory, value

    @jax.jit
    def deceive(generator: Any, memory: Any, discriminator: Any, drawn: Any) -> Any:
        value, gradients = jax.value_and_grad(lambda own: loss(net(discriminator, net(own, drawn)), 1.0))(generator)
        updates, memory = moving.update(gradients, memory)
        return optax.apply_updates(generator, updates), memory, value

    def step(real: Any, one: Any, two: Any) -> float:
        nonlocal generator, discriminator
        discriminator, memories[1], apart = judge(discriminator, memories[1], generator, real, one)
        generator, memories[0], deceived = deceive(generator, memories[0], discriminator, two)
        return float(apart) + float(deceived)

    return step
