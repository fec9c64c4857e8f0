"""The optimisers of `torch.optim`, with PyTorch's own automatic differentiation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn, optim

from checks.common.pytorch import device
from checks.sgd.rules import BETAS, DECAY, MOMENTUM, WEIGHT_DECAY, Rule

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.sgd import Weights

CONVENTIONS = {
    "ε of adagrad": "beside the root",
    "ε of rmsprop": "beside the root",
    "ε of adam": "beside the root",
    "a new rate under momentum": "scales all velocity",
}

# name → optimiser of parameters p at the rate r with ε = e; v holds the variant's switches
_MAKE: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": lambda p, r, e, v: optim.SGD(p, r, **v),  # noqa: ARG005 - all take the same
    "momentum": lambda p, r, e, v: optim.SGD(p, r, momentum=MOMENTUM, **v),  # noqa: ARG005
    "nesterov": lambda p, r, e, v: optim.SGD(p, r, momentum=MOMENTUM, nesterov=True, **v),  # noqa: ARG005
    "adagrad": lambda p, r, e, v: optim.Adagrad(p, r, eps=e, **v),
    "adadelta": lambda p, r, e, v: optim.Adadelta(p, r, rho=DECAY, eps=e, **v),
    "rmsprop": lambda p, r, e, v: optim.RMSprop(p, r, alpha=DECAY, eps=e, **v),
    "adam": lambda p, r, e, v: optim.Adam(p, r, BETAS, eps=e, **v),
    "adamw": lambda p, r, e, v: optim.AdamW(p, r, BETAS, eps=e, weight_decay=WEIGHT_DECAY, **v),
}
_SWITCHES: dict[str, dict[str, bool]] = {
    "": {},
    "loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
_FUSED = {"sgd", "momentum", "nesterov", "adagrad", "adam", "adamw"}


def variants(rule: Rule) -> tuple[str, ...]:
    """Return the other implementations that PyTorch has of `rule`."""
    return ("loop", "foreach", "fused") if rule.name in _FUSED else ("loop", "foreach")


class Optimiser:
    """One of PyTorch's optimisers, fed with gradients from outside."""

    def __init__(self, rule: Rule, start: Weights, job: Job, variant: str = "") -> None:
        self.rule, self.device, self.switches = rule, device(job), _SWITCHES[variant]
        self.restart(start, rule.rate)

    def restart(self, start: Weights, rate: float) -> None:
        self.parameters = {name: nn.Parameter(self._tensor(weight)) for name, weight in start.items()}
        make = _MAKE[self.rule.name]
        self.optimiser = make(list(self.parameters.values()), rate, self.rule.epsilon, self.switches)

    def set_rate(self, rate: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def apply(self, gradients: Weights) -> None:
        self._take(gradients)
        self.optimiser.step()

    def weights(self) -> Weights:
        return {name: np.array(parameter.detach().cpu()) for name, parameter in self.parameters.items()}

    def seconds(self, gradients: Weights, steps: int) -> float:
        self._take(gradients)
        self._wait()
        started = time.perf_counter()
        for _ in range(steps):
            self.optimiser.step()
        self._wait()
        return (time.perf_counter() - started) / steps

    def state_bytes(self) -> int:
        kept = [value for state in self.optimiser.state.values() for value in state.values()]
        return sum(value.nbytes for value in kept if isinstance(value, Tensor))

    def _take(self, gradients: Weights) -> None:
        for name, parameter in self.parameters.items():
            parameter.grad = self._tensor(gradients[name])

    def _tensor(self, array: np.ndarray[Any, Any]) -> Tensor:
        return torch.from_numpy(array.astype(np.float32)).to(self.device)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Training(Optimiser):
    """One of PyTorch's optimisers at work on an objective."""

    def __init__(self, objective: str, rule: Rule, start: Weights, job: Job) -> None:
        super().__init__(rule, start, job)
        self.objective = OBJECTIVES[objective]

    def step(self, *batch: np.ndarray[Any, Any]) -> float:
        self.optimiser.zero_grad()
        loss = self.objective(self.parameters, *(torch.from_numpy(part).to(self.device) for part in batch))
        loss.backward()
        self.optimiser.step()
        return loss.item()


def himmelblau(weights: dict[str, Tensor], scales: Tensor) -> Tensor:
    """Return Himmelblau's function, summed over all points times their scales."""
    x, y = weights["points"].unbind(dim=1)
    return scales @ ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def regression(weights: dict[str, Tensor], letters: Tensor, languages: Tensor) -> Tensor:
    """Return the cross-entropy of a softmax regression."""
    return nn.functional.cross_entropy(letters @ weights["weight"], languages)


OBJECTIVES: dict[str, Callable[..., Tensor]] = {"himmelblau": himmelblau, "regression": regression}
