"""The writer, the judge and the crowd in PyTorch: its attention, a cache of keys and values, a stable sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from checks.common.pytorch import array, device, dtype
from checks.generate import HEAD_RATE, HEADS, LEARNING_RATE, MOMENTUM, WIDTH

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.generate import Kind, Weights
    from checks.transformer.text import Batch, Integers

Array = np.ndarray[Any, Any]
Cache = tuple[Tensor, Tensor]


class Net(nn.Module):
    """Letters to scores; with a cache, one more letter of each reply."""

    def __init__(self, letters: int, places: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(letters, WIDTH)
        self.places = nn.Embedding(places, WIDTH)
        self.input = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.mixed = nn.Linear(WIDTH, WIDTH, bias=False)
        self.output = nn.Linear(WIDTH, letters)

    def hidden(self, letters: Tensor, cache: Cache | None = None) -> tuple[Tensor, Cache]:
        seen = 0 if cache is None else cache[0].shape[2]
        places = torch.arange(seen, seen + letters.shape[1], device=letters.device)
        x = self.letters(letters) + self.places(places)
        q, k, v = (one.unflatten(2, (HEADS, -1)).transpose(1, 2) for one in self.input(x).chunk(3, dim=2))
        if cache is not None:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=cache is None)
        return x + self.mixed(found.transpose(1, 2).flatten(2)), (k, v)

    def forward(self, letters: Tensor) -> Tensor:
        return self.output(self.hidden(letters)[0])


class Writer:
    """The writer with its optimiser and cache, in the check's terms."""

    def __init__(self, weights: Weights, job: Job, *, wide: bool) -> None:
        self.device, kind = device(job), torch.float64 if wide else dtype(job)
        self.net = Net(len(weights["letters"]), len(weights["places"])).to(self.device, kind)
        self.shapes = {name: weight.shape for name, weight in weights.items()}
        theirs = {_OURS[name]: weight for name, weight in weights.items()}
        self.net.load_state_dict({name: torch.from_numpy(one.reshape(-1, *one.shape[2:]) if one.ndim == 3 else one)
                                  for name, one in theirs.items()})  # fmt: skip
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.cache: Cache | None = None

    @torch.no_grad()
    def hidden(self, letters: Integers) -> Array:
        return array(self.net.hidden(self._whole(letters))[0])

    @torch.no_grad()
    def scores(self, letters: Integers) -> Array:
        return array(self.net(self._whole(letters)))

    def gradients(self, batch: Batch) -> tuple[float, dict[str, Array]]:
        loss = self._backward(batch)
        return loss, {name: self._ours(name, one.grad) for name, one in self._parameters()}

    def step(self, batch: Batch) -> float:
        loss = self._backward(batch)
        self.optimiser.step()
        return loss

    def weights(self) -> dict[str, Array]:
        return {name: self._ours(name, one) for name, one in self._parameters()}

    def begin(self) -> None:
        self.cache = None

    @torch.no_grad()
    def next(self, letters: Integers) -> Array:
        hidden, self.cache = self.net.hidden(self._whole(letters)[:, None], self.cache)
        return array(self.net.output(hidden[:, -1]))

    def reorder(self, rows: Integers) -> None:
        assert self.cache is not None
        keys, values = self.cache
        chosen = self._whole(rows)
        self.cache = keys[chosen], values[chosen]

    def _backward(self, batch: Batch) -> float:
        self.optimiser.zero_grad()
        scores = self.net(self._whole(batch.letters))
        loss = functional.cross_entropy(scores.flatten(0, 1), self._whole(batch.targets).flatten(), ignore_index=0)
        loss.backward()
        return loss.item()

    def _whole(self, numbers: Integers) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)

    def _parameters(self) -> list[tuple[str, Tensor]]:
        theirs = dict(self.net.named_parameters())
        return [(name, theirs[_OURS[name]]) for name in _OURS]

    def _ours(self, name: str, tensor: Tensor) -> Array:
        return array(tensor).reshape(self.shapes[name])


_OURS = {
    "letters": "letters.weight",
    "places": "places.weight",
    "attention.input": "input.weight",
    "attention.output": "mixed.weight",
    "output.weight": "output.weight",
    "output.bias": "output.bias",
}


class Head:
    """A linear layer with `BCEWithLogitsLoss` or `MSELoss`."""

    def __init__(self, kind: Kind, job: Job) -> None:
        self.device = device(job)
        self.layer = nn.Linear(WIDTH, 1).to(self.device, torch.float64)
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)
        self.loss = nn.BCEWithLogitsLoss() if kind == "judge" else nn.MSELoss()
        self.optimiser = torch.optim.SGD(self.layer.parameters(), lr=HEAD_RATE[kind])

    def step(self, features: Array, targets: Array) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(self._forward(features), torch.from_numpy(targets).to(self.device))
        loss.backward()
        self.optimiser.step()
        return loss.item()

    @torch.no_grad()
    def scores(self, features: Array) -> Array:
        return array(self._forward(features))

    def _forward(self, features: Array) -> Tensor:
        return self.layer(torch.from_numpy(features).to(self.device))[:, 0]


def allowed(scores: Array, count: int, mass: float, job: Job) -> Array:
    """Return what is among the best and has the mass, by a stable sort."""
    ordered, order = torch.from_numpy(scores).to(device(job)).sort(dim=1, descending=True, stable=True)
    shares = ordered.softmax(dim=1)
    kept = (shares.cumsum(dim=1) - shares < mass - 1e-9) & (torch.arange(scores.shape[1], device=order.device) < count)
    return torch.zeros_like(kept).scatter(1, order, kept).cpu().numpy()


def drawn(scores: Array, allowed: Array, numbers: Array, job: Job) -> Array:
    """Return the letters by the inverse of the cumulated probabilities."""
    where = device(job)
    masked = torch.from_numpy(scores).to(where).masked_fill(~torch.from_numpy(allowed).to(where), -torch.inf)
    cumulated = masked.softmax(dim=1).cumsum(dim=1)
    wanted = torch.from_numpy(numbers).to(where)[:, None] * cumulated[:, -1:]
    return torch.searchsorted(cumulated, wanted, right=True)[:, 0].cpu().numpy()
