"""PyTorch by its own means: `DataLoader`, `Dropout`, `SGD`, `torch.save`, and its random functions."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from checks.common.pytorch import device
from checks.determinism import BATCH, CLASSES, DROPOUT, EPOCHS, FEATURES, HIDDEN, LEARNING_RATE, MOMENTUM
from checks.determinism.framework_specific.pytorch import observe_own as observe_own  # noqa: PLC0414
from checks.determinism.kernels.pytorch import kernels as kernels  # noqa: PLC0414 - part of a backend
from checks.determinism.operations.pytorch import operations as operations  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.determinism import Data
    from checks.determinism.bit_equality import Trail

Array = np.ndarray[Any, Any]

threads = torch.set_num_threads


class Training:
    """Everything that goes on from step to step."""

    def __init__(self, job: Job, data: Data, workers: int) -> None:
        self.device, self.losses = device(job), list[float]()
        self.net = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, CLASSES)
        ).to(self.device)
        self.loss = nn.CrossEntropyLoss()
        self.optimiser = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        self.order = torch.Generator()
        examples = TensorDataset(torch.from_numpy(data.features), torch.from_numpy(data.classes))
        self.loader = DataLoader(examples, BATCH, shuffle=True, generator=self.order, num_workers=workers)

    def epoch(self) -> None:
        for features, classes in self.loader:
            self.optimiser.zero_grad()
            loss = self.loss(self.net(features.to(self.device)), classes.to(self.device))
            loss.backward()
            self.optimiser.step()
            self.losses.append(loss.item())

    def save(self) -> io.BytesIO:
        """Return a checkpoint with all that the coming steps depend on."""
        file = io.BytesIO()
        state = {
            "net": self.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "order": self.order.get_state(),
            "random": torch.get_rng_state(),
            "cuda random": torch.cuda.get_rng_state_all(),
            "losses": self.losses,
        }
        torch.save(state, file)
        file.seek(0)
        return file

    def load(self, file: io.BytesIO) -> None:
        state = torch.load(file, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        torch.cuda.set_rng_state_all(state["cuda random"])
        self.losses = state["losses"]


def train(job: Job, data: Data, *, seed: int, workers: int = 0, resume: bool = False) -> Trail:
    """Train by the loader's shuffling and dropout's drawing; see `Backend`."""
    torch.manual_seed(seed)
    training = Training(job, data, workers)
    training.order.manual_seed(seed)
    start = _array(training.net[0].weight)
    for epoch in range(EPOCHS):
        if resume and epoch == EPOCHS // 2:
            saved = training.save()
            torch.manual_seed(seed + 1)  # what follows must come from the checkpoint alone
            training = Training(job, data, workers)
            training.load(saved)
        training.epoch()
    return {"start": start, "losses": np.array(training.losses)} | {
        name: _array(weight) for name, weight in training.net.state_dict().items()
    }


def draw(job: Job, seed: int) -> dict[str, Array]:
    """Draw from each random function, seeded anew; several of them use vector code for 16 numbers and more."""
    where = device(job)
    functions: dict[str, Callable[[], Tensor]] = {
        "rand": lambda: torch.rand(1000, device=where),
        "randn": lambda: torch.randn(1000, device=where),
        "randn float64": lambda: torch.randn(1000, device=where, dtype=torch.float64),
        "randint": lambda: torch.randint(1 << 20, (1000,), device=where),
        "randperm": lambda: torch.randperm(1000, device=where),
        "bernoulli": lambda: torch.bernoulli(torch.full((1000,), 0.25, device=where)),
        "kaiming_normal_": lambda: nn.init.kaiming_normal_(torch.empty(40, 25, device=where)),
        "xavier_uniform_": lambda: nn.init.xavier_uniform_(torch.empty(40, 25, device=where)),
    }
    found = {}
    for name, function in functions.items():
        torch.manual_seed(seed)
        found[name] = _array(function())
    return found


def switch(job: Job, on: bool) -> None:  # noqa: ARG001 - every backend gets the job
    """Turn deterministic algorithms on or off."""
    torch.use_deterministic_algorithms(on)


def _array(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu())
