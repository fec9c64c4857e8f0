"""The transformer in PyTorch: `scaled_dot_product_attention`, `LayerNorm`, `GELU`, `CrossEntropyLoss`, `optim.SGD`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from checks.common.pytorch import array, backward, device, dtype, scaler
from checks.transformer import BLOCKS, HEADS, INNER, LEARNING_RATE, MOMENTUM
from checks.transformer.kernels.pytorch import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.transformer.layers import EPSILON

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.transformer import Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width, eps=EPSILON)
        self.input = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width, eps=EPSILON)
        self.up = nn.Linear(width, INNER)
        self.down = nn.Linear(INNER, width)

    def attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attend to the keys that `mask` shows, or without one to all up to the query's own place."""
        q, k, v = self.input(self.attention_norm(x)).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return x + self.output(seen.transpose(1, 2).flatten(2))

    def think(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.mlp_norm(x))))


class Transformer(nn.Module):
    """Letters to scores."""

    def __init__(self, letters: int, places: int, width: int, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.letters = nn.Embedding(letters, width)
        self.places = nn.Embedding(places, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.output = nn.Linear(width, letters)

    def embed(self, letters: Tensor) -> Tensor:
        return self.letters(letters) + self.places(torch.arange(letters.shape[1], device=letters.device))

    def trail(self, letters: Tensor, embedded: Tensor) -> dict[str, Tensor]:
        """Return what each layer gives, front to back."""
        mask = None if self.causal else (letters != 0)[:, None, None]
        trail, x = {"embedded": embedded}, embedded
        for number, block in enumerate(self.blocks, start=1):
            trail[f"attention {number}"] = x = block.attend(x, mask)
            trail[f"mlp {number}"] = x = block.think(x)
        trail["norm"] = self.norm(x)
        return trail | {"logits": self.output(trail["norm"])}

    def forward(self, letters: Tensor) -> Tensor:
        return self.trail(letters, self.embed(letters))["logits"]


class Model:
    """The transformer with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job, *, causal: bool) -> None:
        (letters, width), places = weights["letters"].shape, len(weights["places"])
        self.job, self.device = job, device(job)
        self.net = Transformer(letters, places, width, causal=causal).to(self.device, dtype(job))
        self.loss = nn.CrossEntropyLoss(ignore_index=0)
        self.theirs = _parameters(self.net)
        self.load(weights)

    @torch.no_grad()
    def load(self, weights: Weights) -> None:
        for name, weight in weights.items():
            for theirs, ours in zip(self.theirs[name], weight if name.endswith("norm") else [weight], strict=True):
                theirs.copy_(torch.from_numpy(ours).reshape(theirs.shape))
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.scaler = scaler(self.job)
        self.shapes = {name: weight.shape for name, weight in weights.items()}

    @torch.no_grad()
    def layers(self, letters: Integers) -> dict[str, Array]:
        numbers = self._on_device(letters)
        return {name: array(value) for name, value in self.net.trail(numbers, self.net.embed(numbers)).items()}

    def influence(self, letters: Integers, place: int) -> Array:
        numbers = self._on_device(letters)
        embedded = self.net.embed(numbers).detach().requires_grad_()
        scores = self.net.trail(numbers, embedded)["logits"][:, place].sum()
        return array(torch.autograd.grad(scores, embedded)[0])

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        loss = self._backward(batch, part)
        self.scaler.unscale_(self.optimiser)
        self.scaler.update()
        return loss, self._canonical([[weight.grad for weight in theirs] for theirs in self.theirs.values()])

    def step(self, batch: Batch) -> float:
        loss = self._backward(batch)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return loss

    def weights(self) -> dict[str, Array]:
        return self._canonical(list(self.theirs.values()))

    def _backward(self, batch: Batch, part: float = 1.0) -> float:
        self.optimiser.zero_grad()
        scores = self.net(self._on_device(batch.letters))
        loss = self.loss(scores.flatten(0, 1), self._on_device(batch.targets).flatten())
        backward(self.scaler.scale(part * loss))
        return loss.item()

    def _on_device(self, numbers: Integers) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)

    def _canonical(self, theirs: list[list[Tensor]]) -> dict[str, Array]:
        return {
            name: np.stack([array(weight) for weight in weights]).reshape(shape)
            for (name, shape), weights in zip(self.shapes.items(), theirs, strict=True)
        }


def _parameters(net: Transformer) -> dict[str, list[Tensor]]:
    """Return the check's name → PyTorch's parameters; query, key and value lie one below the other in one."""
    found = {"letters": [net.letters.weight], "places": [net.places.weight]}
    for number, block in enumerate(net.blocks, start=1):
        for part, norm, linears in (
            ("attention", block.attention_norm, {"input": block.input, "output": block.output}),
            ("mlp", block.mlp_norm, {"up": block.up, "down": block.down}),
        ):
            found[f"{number}.{part}.norm"] = [norm.weight, norm.bias]
            for name, linear in linears.items():
                found |= {
                    f"{number}.{part}.{name}.weight": [linear.weight],
                    f"{number}.{part}.{name}.bias": [linear.bias],
                }
    found["norm"] = [net.norm.weight, net.norm.bias]
    return found | {"output.weight": [net.output.weight], "output.bias": [net.output.bias]}
