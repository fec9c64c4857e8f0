"""The transformer in JAX: `jax.nn.dot_product_attention`, `jax.value_and_grad` and optax's SGD, all compiled.

JAX leaves layers to its users, so these are plain functions of a dictionary of weights. It compiles anew for every
shape, which costs a second, so lines are padded to two lengths; padding is not asked for and not looked at.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from checks.common.jax import Mixed, array, dtype, guarded, mixed
from checks.transformer import BLOCKS, HEADS, LEARNING_RATE, MOMENTUM
from checks.transformer.kernels.jax import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.transformer.layers import EPSILON
from checks.transformer.text import LONGEST

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.transformer import Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]
Parameters = dict[str, jax.Array]

_OPTIMISER = optax.sgd(LEARNING_RATE, momentum=MOMENTUM)


class Model:
    """The transformer with its optimiser, in the check's terms, whose layout it keeps."""

    def __init__(self, weights: Weights, job: Job, *, causal: bool) -> None:
        self.dtype, self.mixed, self.causal = dtype(job), mixed(job), causal
        self.optimiser = guarded(_OPTIMISER, job)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.parameters = {name: jnp.array(weight, self.dtype) for name, weight in weights.items()}
        self.memory = self.optimiser.init(self.parameters)

    def layers(self, letters: Integers) -> dict[str, Array]:
        found = _layers(self.mixed.cast(self.parameters), _padded(letters), causal=self.causal)
        return {name: array(value)[:, : letters.shape[1]] for name, value in found.items()}

    def influence(self, letters: Integers, place: int) -> Array:
        slope = _influence(self.mixed.cast(self.parameters), _padded(letters), place, causal=self.causal)
        return array(slope)[:, : letters.shape[1]]

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        value, gradients = self._backward(batch, part)
        return float(value), {name: np.array(gradients[name]) for name in self.parameters}

    def step(self, batch: Batch) -> float:
        value, gradients = self._backward(batch)
        self.parameters, self.memory = update(self.optimiser, self.parameters, self.memory, gradients)
        return float(value)

    def weights(self) -> dict[str, Array]:
        return {name: np.array(weight) for name, weight in self.parameters.items()}

    def _backward(self, batch: Batch, part: float = 1.0) -> tuple[jax.Array, Parameters]:
        letters, targets = _padded(batch.letters), _padded(batch.targets)
        return backward(self.mixed, part, self.parameters, letters, targets, causal=self.causal)


def embed(parameters: Parameters, letters: jax.Array) -> jax.Array:
    """Return letters plus places (n, t, 64)."""
    return parameters["letters"][letters] + parameters["places"][: letters.shape[1]]


def trail(parameters: Parameters, letters: jax.Array, embedded: jax.Array, *, causal: bool) -> dict[str, jax.Array]:
    """Return what each layer gives, front to back."""
    mask = None if causal else (letters != 0)[:, None, None]
    found, x = {"embedded": embedded}, embedded
    for block in range(1, BLOCKS + 1):
        found[f"attention {block}"] = x = _attend(f"{block}.attention", parameters, x, mask)
        found[f"mlp {block}"] = x = _think(f"{block}.mlp", parameters, x)
    found["norm"] = _norm(parameters["norm"], x)
    return found | {"logits": _linear("output", parameters, found["norm"])}


def _attend(name: str, parameters: Parameters, x: jax.Array, mask: jax.Array | None) -> jax.Array:
    """Attend to the keys that `mask` shows, or without one to all up to the query's own place."""
    normed = _norm(parameters[f"{name}.norm"], x)
    weight, bias = parameters[f"{name}.input.weight"], parameters[f"{name}.input.bias"]
    q, k, v = ((normed @ one.T + two).reshape(*x.shape[:2], HEADS, -1) for one, two in zip(weight, bias, strict=True))
    seen = jax.nn.dot_product_attention(q, k, v, mask=mask, is_causal=mask is None)
    return x + _linear(f"{name}.output", parameters, seen.reshape(x.shape))


def _think(name: str, parameters: Parameters, x: jax.Array) -> jax.Array:
    normed = _norm(parameters[f"{name}.norm"], x)
    bent = jax.nn.gelu(_linear(f"{name}.up", parameters, normed), approximate=False)
    return x + _linear(f"{name}.down", parameters, bent)


def _linear(name: str, parameters: Parameters, x: jax.Array) -> jax.Array:
    return x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]


def _norm(norm: jax.Array, x: jax.Array) -> jax.Array:
    """Normalise in float32 at least: `jax.nn.standardize` takes a squared mean from a mean of squares."""
    normed = jax.nn.standardize(_widened(x), axis=-1, epsilon=EPSILON)
    return (normed * norm[0] + norm[1]).astype(x.dtype)


def _widened(x: jax.Array) -> jax.Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def loss(parameters: Parameters, letters: jax.Array, targets: jax.Array, *, causal: bool) -> jax.Array:
    """Return the cross-entropy, mean over the places that are asked for."""
    logits = trail(parameters, letters, embed(parameters, letters), causal=causal)["logits"]
    return optax.softmax_cross_entropy_with_integer_labels(_widened(logits), targets).mean(where=targets != 0)


@partial(jax.jit, static_argnums=0, static_argnames="causal")
def backward(
    mixed: Mixed, part: float, parameters: Parameters, *batch: jax.Array, causal: bool
) -> tuple[jax.Array, Parameters]:
    """Return the loss and the gradients of this `part` of it, which are of the type that weights are kept in."""
    return mixed.backward(partial(loss, causal=causal), part, parameters, *batch)


@partial(jax.jit, static_argnums=0, donate_argnums=(1, 2))
def update(
    optimiser: optax.GradientTransformation, parameters: Parameters, memory: optax.OptState, gradients: Parameters
) -> tuple[Parameters, optax.OptState]:
    """Make one step."""
    updates, memory = optimiser.update(gradients, memory)
    return optax.apply_updates(parameters, updates), memory


@partial(jax.jit, static_argnames="causal")
def _layers(parameters: Parameters, letters: jax.Array, *, causal: bool) -> dict[str, jax.Array]:
    return trail(parameters, letters, embed(parameters, letters), causal=causal)


@partial(jax.jit, static_argnames="causal")
def _influence(parameters: Parameters, letters: jax.Array, place: int, *, causal: bool) -> jax.Array:
    def score(embedded: jax.Array) -> jax.Array:
        return trail(parameters, letters, embedded, causal=causal)["logits"][:, place].sum()

    return jax.grad(score)(embed(parameters, letters))


def _padded(numbers: Integers) -> Array:
    """Return numbers (n, 24 or 48) as int32."""
    more = -numbers.shape[1] % (LONGEST // 2)
    return np.pad(numbers, ((0, 0), (0, more))).astype(np.int32)
