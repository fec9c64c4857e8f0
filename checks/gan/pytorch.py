"""Both networks in PyTorch: two modules, two optimisers, what is made detached in the discriminator's step."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.common.pytorch import array, device, dtype
from checks.descent.pytorch import adam, logistic_loss, turned
from checks.gan import BETA, HIDDEN, NOISE, RATES

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.descent import Weights

Array = np.ndarray[Any, Any]


class Gan:
    """Generator and discriminator, each with its optimiser."""

    def __init__(self, weights: Weights, job: Job) -> None:
        self.device, self.dtype = device(job), dtype(job)
        nets = {"generator": network(NOISE), "discriminator": network(1)}
        self.nets = nn.ModuleDict(nets).to(self.device, self.dtype)
        self.load(weights)

    def load(self, weights: Weights) -> None:
        theirs = {_theirs(name): torch.from_numpy(turned(name, weight)) for name, weight in weights.items()}
        self.nets.load_state_dict(theirs)
        self.names = list(weights)
        self.optimisers = {name: adam(rate, BETA)(self.nets[name].parameters()) for name, rate in RATES.items()}

    @torch.no_grad()
    def make(self, noise: Array) -> Array:
        return array(self.nets["generator"](self.given(noise)))

    @torch.no_grad()
    def score(self, numbers: Array) -> Array:
        return array(self.nets["discriminator"](self.given(numbers)))

    def gradients(self, real: Array, noise: Array) -> tuple[dict[str, float], dict[str, Array]]:
        losses, found = {}, {}
        for name in ("discriminator", "generator"):
            self.nets.zero_grad()
            made = self.nets["generator"](self.given(noise))
            loss = self.apart(self.given(real), made.detach()) if name == "discriminator" else self.deceived(made)
            loss.backward()
            losses[name] = loss.item()
            found[name] = self.ours(name, lambda parameter: parameter.grad)
        return losses, found["generator"] | found["discriminator"]

    def teach(self, real: Array, made: Array) -> float:
        return self.judge(self.given(real), self.given(made))

    def discriminate(self, real: Array, noise: Array) -> float:
        return self.judge(self.given(real), self.nets["generator"](self.given(noise)).detach())

    def judge(self, real: Tensor, made: Tensor) -> float:
        """Make a step of the discriminator."""
        self.optimisers["discriminator"].zero_grad()
        loss = self.apart(real, made)
        loss.backward()
        self.optimisers["discriminator"].step()
        return loss.item()

    def deceive(self, noise: Array) -> float:
        self.optimisers["generator"].zero_grad()
        loss = self.deceived(self.nets["generator"](self.given(noise)))
        loss.backward()
        self.optimisers["generator"].step()
        return loss.item()

    def weights(self) -> dict[str, Array]:
        return self.ours("", lambda parameter: parameter)

    def apart(self, real: Tensor, made: Tensor) -> Tensor:
        """Return the discriminator's loss."""
        right, wrong = self.nets["discriminator"](real), self.nets["discriminator"](made)
        return logistic_loss(right, torch.ones_like(right)) + logistic_loss(wrong, torch.zeros_like(wrong))

    def deceived(self, made: Tensor) -> Tensor:
        """Return the generator's loss."""
        scores = self.nets["discriminator"](made)
        return logistic_loss(scores, torch.ones_like(scores))

    def given(self, numbers: Array) -> Tensor:
        """Return a tensor on the device."""
        return torch.from_numpy(numbers).to(self.device, self.dtype)

    def ours(self, which: str, what: Any) -> dict[str, Array]:
        """Return something of each parameter of one network, or of both."""
        theirs = dict(self.nets.named_parameters())
        names = [name for name in self.names if name.startswith(which)]
        return {name: turned(name, array(what(theirs[_theirs(name)])), back=True) for name in names}


def network(inputs: int) -> nn.Module:
    """Return linear, tanh, linear."""
    return nn.Sequential(OrderedDict(hidden=nn.Linear(inputs, HIDDEN), tanh=nn.Tanh(), output=nn.Linear(HIDDEN, 1)))


def _theirs(name: str) -> str:
    return name.replace(".kernel", ".weight")
