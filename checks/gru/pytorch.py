"""The GRU classifier in PyTorch: packed sequences through `nn.GRU`, `CrossEntropyLoss`, `optim.SGD`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from checks.common.pytorch import array, backward, device, dtype, scaler
from checks.gru import LEARNING_RATE, MOMENTUM

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.gru import Weights
    from checks.gru.names import Batch

Array = np.ndarray[Any, Any]


class Classifier(nn.Module):
    """Names to scores per language."""

    def __init__(self, letters: int, embedding: int, hidden: int, languages: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, embedding, padding_idx=0)
        self.gru = nn.GRU(embedding, hidden, batch_first=True)
        self.output = nn.Linear(hidden, languages)

    def encode(self, letters: Tensor, lengths: Tensor) -> Tensor:
        """Return the state after each name's last letter; packing keeps the GRU from ever seeing padding."""
        packed = pack_padded_sequence(self.embedding(letters), lengths, batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed)
        return last[0]

    def forward(self, letters: Tensor, lengths: Tensor) -> Tensor:
        return self.output(self.encode(letters, lengths))


class Model:
    """The classifier with its optimiser, in the check's terms."""

    def __init__(self, weights: Weights, job: Job) -> None:
        (letters, embedding), (languages, hidden) = weights["embedding"].shape, weights["output.weight"].shape
        self.job, self.device, self.dtype = job, device(job), dtype(job)
        self.net = Classifier(letters, embedding, hidden, languages).to(self.device, self.dtype)
        self.loss = nn.CrossEntropyLoss()
        self.load(weights)

    def load(self, weights: Weights) -> None:
        self.net.load_state_dict({_OURS[name]: _tensor(name, weight) for name, weight in weights.items()})
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.scaler = scaler(self.job)

    @torch.no_grad()
    def state(self, batch: Batch) -> Array:
        return array(self.net.encode(*self._names(batch)))

    @torch.no_grad()
    def looped(self, batch: Batch) -> Array:
        letters, lengths = self._names(batch)
        cell = nn.GRUCell(self.net.gru.input_size, self.net.gru.hidden_size).to(self.device, self.dtype)
        cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in self.net.gru.state_dict().items()})
        state = torch.zeros(len(letters), cell.hidden_size, dtype=self.dtype, device=self.device)
        for place, letter in enumerate(self.net.embedding(letters).unbind(dim=1)):
            alive = (place < lengths).to(self.device)[:, None]
            state = torch.where(alive, cell(letter, state).to(self.dtype), state)
        return array(state)

    @torch.no_grad()
    def logits(self, batch: Batch) -> Array:
        return array(self.net(*self._names(batch)))

    def gradients(self, batch: Batch, part: float = 1.0) -> tuple[float, dict[str, Array]]:
        loss = self._backward(batch, part)
        self.scaler.unscale_(self.optimiser)
        self.scaler.update()
        return loss, {name: _canonical(name, weight.grad) for name, weight in self._parameters()}

    def step(self, batch: Batch) -> float:
        loss = self._backward(batch)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return loss

    def weights(self) -> dict[str, Array]:
        return {name: _canonical(name, weight) for name, weight in self._parameters()}

    def _backward(self, batch: Batch, part: float = 1.0) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(self.net(*self._names(batch)), torch.from_numpy(batch.languages).to(self.device))
        backward(self.scaler.scale(part * loss))
        return loss.item()

    def _names(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return letters on the device and lengths on the CPU, where packing wants them."""
        return torch.from_numpy(batch.letters).to(self.device), torch.from_numpy(batch.lengths)

    def _parameters(self) -> list[tuple[str, Tensor]]:
        theirs = dict(self.net.named_parameters())
        return [(name, theirs[_OURS[name]]) for name in _OURS]


# the check's name → PyTorch's, whose gates stand in the check's order (reset, update, candidate) one below the other
_OURS = {
    "embedding": "embedding.weight",
    "gru.input": "gru.weight_ih_l0",
    "gru.recurrent": "gru.weight_hh_l0",
    "gru.input_bias": "gru.bias_ih_l0",
    "gru.recurrent_bias": "gru.bias_hh_l0",
    "output.weight": "output.weight",
    "output.bias": "output.bias",
}


def _tensor(name: str, weight: Array) -> Tensor:
    stacked = weight.reshape(-1, *weight.shape[2:]) if name.startswith("gru.") else weight
    return torch.from_numpy(stacked)


def _canonical(name: str, weight: Tensor) -> Array:
    ours = array(weight)
    return ours.reshape(3, -1, *ours.shape[1:]) if name.startswith("gru.") else ours
