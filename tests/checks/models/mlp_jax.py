"""A perceptron with dropout, as a function of its parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import optax


def apply(parameters, features, train=False, rng=None):
    hidden = jnp.tanh(features @ parameters["first"])
    if train:
        hidden = hidden * jax.random.bernoulli(rng, 0.75, hidden.shape) / 0.75
    return hidden @ parameters["second"]


def loss(scores, classes):
    return optax.softmax_cross_entropy_with_integer_labels(scores, classes).mean()


def build():
    one, other, features = jax.random.split(jax.random.key(0), 3)
    parameters = {"first": jax.random.normal(one, (6, 32)) / 3, "second": jax.random.normal(other, (32, 3)) / 6}
    return (parameters, apply), loss, (np.array(jax.random.normal(features, (9, 6))), np.arange(9) % 3)
