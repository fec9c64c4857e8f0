"""The transformer in float64 NumPy: forward, backpropagation, SGD with momentum, and attention alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from checks.common.float64_training import Momentum, cross_entropy
from checks.common.sway import twins
from checks.transformer import BLOCKS, HEADS, LEARNING_RATE, MOMENTUM
from checks.transformer.layers import Array, Mask, attention, gelu, layer_norm, linear

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.transformer import Weights
    from checks.transformer.attention import Kernel
    from checks.transformer.text import Batch, Integers

Back = Callable[[Array, dict[str, Array]], Array]
"""Takes a slope, adds the weights' gradients to the dictionary, returns the slope further in front."""


def kernels(job: Job) -> list[Kernel]:  # noqa: ARG001 - every backend gets the job
    """Return none: what others compute is held against `layers.attention` itself."""
    return []


class Model:
    """The meaning of the check."""

    def __init__(self, weights: Weights, job: Job, *, causal: bool) -> None:  # noqa: ARG002 - every backend gets the job
        self._causal = causal
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self._optimiser = Momentum(weights, LEARNING_RATE, MOMENTUM)
        self._weights = self._optimiser.weights

    def layers(self, letters: Integers) -> dict[str, Array]:
        return self._forward(letters)[0]

    def influence(self, letters: Integers, place: int) -> Array:
        trail, back = self._forward(letters)
        slope = np.zeros_like(trail["logits"])
        slope[:, place] = 1
        return back(slope, {})

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        trail, back = self._forward(batch.letters)
        asked = batch.targets != 0
        slope, gradients = np.zeros_like(trail["logits"]), dict[str, Array]()
        loss, slope[asked] = cross_entropy(trail["logits"][asked], batch.targets[asked], self._optimiser.kicks)
        embedded = back(part * slope, gradients)
        gradients |= {name: np.zeros_like(self._weights[name]) for name in ("letters", "places")}
        np.add.at(gradients["letters"], batch.letters, embedded)
        gradients["places"][: embedded.shape[1]] = embedded.sum(axis=0)
        return loss, {name: gradients[name].reshape(weight.shape) for name, weight in self._weights.items()}

    def step(self, batch: Batch) -> float:
        loss, gradients = self.gradients(batch)
        self._optimiser.step(gradients)
        return loss

    def twins(self) -> list[Model]:
        """Return twins of the model as it is now."""
        return twins(self, lambda twin, kicks: twin._optimiser.kick(kicks))

    def weights(self) -> dict[str, Array]:
        return self._optimiser.copies()

    def _forward(self, letters: Integers) -> tuple[dict[str, Array], Back]:
        """Return what each layer gives, and the way back from the logits to the embedded letters."""
        places = letters.shape[1]
        mask = np.tri(places, dtype=bool)[None, None] if self._causal else (letters != 0)[:, None, None]
        x = self._weights["letters"][letters] + self._weights["places"][:places]
        trail, backs = {"embedded": x}, list[Back]()
        for block in range(1, BLOCKS + 1):
            x, back = self._attend(f"{block}.attention", x, mask)
            trail[f"attention {block}"] = x
            x, further = self._think(f"{block}.mlp", x)
            trail[f"mlp {block}"] = x
            backs += [back, further]
        trail["norm"], from_norm = layer_norm(x, self._weights["norm"])
        trail["logits"], from_output = self._linear("output", trail["norm"])

        def whole(slope: Array, gradients: dict[str, Array]) -> Array:
            slope, gradients["norm"] = from_norm(from_output(slope, gradients))
            for back in reversed(backs):
                slope = back(slope, gradients)
            return slope

        return trail, whole

    def _attend(self, name: str, x: Array, mask: Mask) -> tuple[Array, Back]:
        """Return x + output(attention(input(norm(x))))."""
        normed, from_norm = layer_norm(x, self._weights[f"{name}.norm"])
        projected, from_input = self._linear(f"{name}.input", normed)
        lines, places, width = x.shape
        q, k, v = projected.reshape(lines, places, 3, HEADS, width // HEADS).transpose(2, 0, 3, 1, 4)
        seen, from_attention = attention(q, k, v, mask)
        mixed, from_output = self._linear(f"{name}.output", seen.transpose(0, 2, 1, 3).reshape(x.shape))

        def back(slope: Array, gradients: dict[str, Array]) -> Array:
            into_seen = from_output(slope, gradients).reshape(lines, places, HEADS, -1).transpose(0, 2, 1, 3)
            into_heads = np.stack(from_attention(into_seen)).transpose(1, 3, 0, 2, 4).reshape(projected.shape)
            into_x, gradients[f"{name}.norm"] = from_norm(from_input(into_heads, gradients))
            return slope + into_x

        return x + mixed, back

    def _think(self, name: str, x: Array) -> tuple[Array, Back]:
        """Return x + down(gelu(up(norm(x))))."""
        normed, from_norm = layer_norm(x, self._weights[f"{name}.norm"])
        wide, from_up = self._linear(f"{name}.up", normed)
        bent, from_gelu = gelu(wide)
        narrow, from_down = self._linear(f"{name}.down", bent)

        def back(slope: Array, gradients: dict[str, Array]) -> Array:
            into_normed = from_up(from_gelu(from_down(slope, gradients)), gradients)
            into_x, gradients[f"{name}.norm"] = from_norm(into_normed)
            return slope + into_x

        return x + narrow, back

    def _linear(self, name: str, x: Array) -> tuple[Array, Back]:
        """Apply the linear layer `name`; stacked weights lie one below the other."""
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        y, from_linear = linear(x, weight.reshape(-1, weight.shape[-1]), bias.reshape(-1))

        def back(slope: Array, gradients: dict[str, Array]) -> Array:
            into_x, gradients[f"{name}.weight"], gradients[f"{name}.bias"] = from_linear(slope)
            return into_x

        return y, back
