"""The GRU classifier in JAX: a cell scanned over the letters, `jax.value_and_grad` and optax's SGD, both compiled.

JAX has no GRU layer, so this is the one its users write. It is compiled anew for every shape, which costs a second, so
names are padded to the longest there is, or its next multiple; a state stays as it is where a name is over.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import Mixed, array, dtype, guarded, mixed
from checks.gru import LEARNING_RATE, MOMENTUM
from checks.gru.names import LONGEST

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru import Weights
    from checks.gru.names import Batch

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]

_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)


class Model:
    """The classifier with its optimiser, in the check's terms, whose layout it keeps."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.dtype, self.mixed = dtype(job), mixed(job)
        self.optimiser = guarded(_OPTIMISER, job)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.parameters = {name: jnp.array(weight, self.dtype) for name, weight in weights.items()}
        self.memory = self.optimiser.init(self.parameters)

    def state(self, batch: Batch) -> Array:
        return array(encode(self.mixed.cast(self.parameters), *_names(batch)))

    def looped(self, batch: Batch) -> Array:
        letters, lengths = _names(batch)
        parameters = self.mixed.cast(self.parameters)
        state = jnp.zeros((len(letters), parameters["gru.recurrent"].shape[-1]), self.mixed.compute)
        for place in range(batch.lengths.max()):
            projected = project(parameters, letters[:, place])
            state = _cell(parameters, state, projected, place < lengths)
        return array(state)

    def logits(self, batch: Batch) -> Array:
        return array(scores(self.mixed.cast(self.parameters), *_names(batch)))

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        value, gradients = self._backward(batch, part)
        return float(value), {name: np.array(gradient) for name, gradient in gradients.items()}

    def step(self, batch: Batch) -> float:
        value, gradients = self._backward(batch)
        self.parameters, self.memory = update(self.optimiser, self.parameters, self.memory, gradients)
        return float(value)

    def weights(self) -> dict[str, Array]:
        return {name: np.array(weight) for name, weight in self.parameters.items()}

    def _backward(self, batch: Batch, part: float = 1.0) -> tuple[jax.Array, Parameters]:
        return backward(self.mixed, part, self.parameters, *_names(batch), batch.languages)


def project(parameters: Parameters, letters: jax.Array) -> jax.Array:
    """Return what letters (…) add to the gates (…, 3·64), side by side so that one product makes all."""
    return _linear(parameters["embedding"][letters], parameters["gru.input"], parameters["gru.input_bias"])


def cell(parameters: Parameters, state: jax.Array, projected: jax.Array, alive: jax.Array) -> jax.Array:
    """Return the state (n, 64) after one more letter, where there is one."""
    a = jnp.split(projected, 3, axis=1)
    u = jnp.split(_linear(state, parameters["gru.recurrent"], parameters["gru.recurrent_bias"]), 3, axis=1)
    reset, update = jax.nn.sigmoid(a[0] + u[0]), jax.nn.sigmoid(a[1] + u[1])
    candidate = jnp.tanh(a[2] + reset * u[2])
    return jnp.where(alive[:, None], (1 - update) * candidate + update * state, state)


@jax.jit
def encode(parameters: Parameters, letters: jax.Array, lengths: jax.Array) -> jax.Array:
    """Return the state after each name's last letter."""
    projected = project(parameters, letters.T)
    alive = jnp.arange(letters.shape[1])[:, None] < lengths
    start = jnp.zeros((len(letters), parameters["gru.recurrent"].shape[-1]), projected.dtype)
    last, _ = jax.lax.scan(lambda state, one: (cell(parameters, state, *one), None), start, (projected, alive))
    return last


@jax.jit
def scores(parameters: Parameters, letters: jax.Array, lengths: jax.Array) -> jax.Array:
    """Return the unnormalised scores (n, languages)."""
    return encode(parameters, letters, lengths) @ parameters["output.weight"].T + parameters["output.bias"]


def loss(parameters: Parameters, letters: jax.Array, lengths: jax.Array, languages: jax.Array) -> jax.Array:
    """Return the cross-entropy, mean over the names."""
    logits = scores(parameters, letters, lengths)
    logits = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
    return optax.softmax_cross_entropy_with_integer_labels(logits, languages).mean()


@partial(jax.jit, static_argnums=0)
def backward(mixed: Mixed, part: float, parameters: Parameters, *batch: jax.Array) -> tuple[jax.Array, Parameters]:
    """Return the loss and the gradients of this `part` of it, which are of the type that weights are kept in."""
    return mixed.backward(loss, part, parameters, *batch)


_cell = jax.jit(cell)


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def update(
    optimiser: optax.GradientTransformation, parameters: Parameters, memory: optax.OptState, gradients: Parameters
) -> tuple[Parameters, optax.OptState]:
    """Make one step."""
    updates, memory = optimiser.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory


def _linear(x: jax.Array, gates: jax.Array, bias: jax.Array) -> jax.Array:
    """Return the product with every gate's weights (3, 64, inputs), side by side."""
    return x @ gates.reshape(-1, gates.shape[-1]).T + bias.reshape(-1)


def _names(batch: Batch) -> tuple[Array, Array]:
    """Return letters, padded, and lengths, as int32."""
    more = -batch.letters.shape[1] % LONGEST
    return np.pad(batch.letters, ((0, 0), (0, more))).astype(np.int32), batch.lengths.astype(np.int32)
