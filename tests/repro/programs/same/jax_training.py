"""Trains with optax under jit, from one key that is split."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

key, data_key = jax.random.split(jax.random.key(0))
x = jax.random.normal(data_key, (32, 4))
params = {"w": jax.random.normal(key, (4, 1)), "b": jnp.zeros(1)}
optimiser = optax.adam(1e-2)
state = optimiser.init(params)


@jax.jit
def step(params: dict, state: object) -> tuple:
    loss, gradient = jax.value_and_grad(lambda p: jnp.mean((x @ p["w"] + p["b"] - x.sum(1, keepdims=True)) ** 2))(
        params
    )
    updates, state = optimiser.update(gradient, state)
    return optax.apply_updates(params, updates), state, loss


for number in range(5):
    params, state, loss = step(params, state)
    print(f"step {number} loss {loss:.5f}")
np.savez("params.npz", **{name: np.asarray(value) for name, value in params.items()})
