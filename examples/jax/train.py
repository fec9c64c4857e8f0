"""Fit a small network to a noisy sine, in JAX with optax."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax

SEED = 0
STEPS = 200


def network(weights, x):
    """Return the prediction for each of `x`."""
    return (jnp.tanh(x[:, None] * weights["in"] + weights["bias"]) @ weights["out"])[:, 0]


def main():
    """Train, and save the weights and the loss."""
    data_key, in_key, out_key = jax.random.split(jax.random.key(SEED), 3)
    x = jnp.linspace(-3, 3, 128)
    y = jnp.sin(2 * x) + 0.1 * jax.random.normal(data_key, x.shape)
    weights = {
        "in": jax.random.normal(in_key, (32,)),
        "bias": jnp.zeros(32),
        "out": jax.random.normal(out_key, (32, 1)) / 6,
    }
    optimiser = optax.adam(0.02)
    state = optimiser.init(weights)

    @jax.jit
    def step(weights, state):
        loss, slopes = jax.value_and_grad(lambda w: jnp.mean((network(w, x) - y) ** 2))(weights)
        changes, state = optimiser.update(slopes, state)
        return optax.apply_updates(weights, changes), state, loss

    for _ in range(STEPS):
        weights, state, loss = step(weights, state)
    np.savez("weights.npz", **weights)
    with open("metrics.json", "w") as file:
        json.dump({"loss": float(loss)}, file)


if __name__ == "__main__":
    main()
