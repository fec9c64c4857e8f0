"""What a user's function returns, as a subject, in PyTorch."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from checks.common.pytorch import array, device, dtype
from checks.training_recipe import ramp
from checks.training_recipe.contract import RATE, require, seed_python, take_apart
from checks.training_recipe.wide import Seen, seen

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.training_recipe import Rows

Array = np.ndarray[Any, Any]


class Subject:
    """An `nn.Module` with its loss, optimiser and batch, on the device of the job."""

    def __init__(self, build: Callable[[], object], job: Job) -> None:
        seed_python(job.seed)
        torch.manual_seed(job.seed)
        parts = take_apart(build())
        require(isinstance(parts.model, nn.Module), "the model must be an nn.Module", parts.model)
        require(callable(parts.loss), "the loss must be a function of outputs and targets", parts.loss)
        self._where, self._kind = device(job), dtype(job)
        self._model, self._loss = parts.model.to(self._where, self._kind), parts.loss
        self._arguments, self._words = _arguments(self._moved(parts.inputs))
        self._targets = self._moved(parts.targets)
        require(isinstance(self._targets, Tensor), "the targets must be a tensor", parts.targets)
        self.independent = parts.independent
        self._optimizer = self._made(parts.optimizer)
        self._start = copy.deepcopy((self._model.state_dict(), self._optimizer.state_dict()))

    @property
    def inputs(self) -> Array:
        return array(self._first())

    @property
    def targets(self) -> Array:
        return array(self._targets)

    @torch.no_grad()
    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        with self._mode(training=training):
            return array(self._forward(rows))

    @torch.no_grad()
    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        with self._mode(training=False):
            return self._lost(rows, blank=blank).item()

    def gradients(self, rows: Rows | None = None) -> dict[str, Array | None]:
        self._model.zero_grad()
        with self._mode(training=False):
            self._lost(rows).backward()
        return {name: None if one.grad is None else array(one.grad) for name, one in self._trainable()}

    def reach(self, row: int) -> Array | None:
        first = self._first()
        if not first.is_floating_point():
            return None
        watched = first.detach().clone().requires_grad_()
        with self._mode(training=False):
            output = self._forward(first=watched)[row].reshape(-1)
            (output @ torch.from_numpy(ramp(len(output))).to(output)).backward()
        slope = torch.zeros_like(first) if watched.grad is None else watched.grad
        return array(slope.abs().reshape(len(first), -1).amax(dim=1))

    @torch.no_grad()
    def exchanged(self, row: int, by: int) -> Array:
        first = self._first().clone()
        first[row] = first[by]
        with self._mode(training=False):
            return array(self._forward(first=first))

    def step(self, *, blank: bool = False) -> float:
        self._model.train()
        self._optimizer.zero_grad()
        loss = self._lost(blank=blank)
        loss.backward()
        self._optimizer.step()
        return loss.item()

    def weights(self) -> dict[str, Array]:
        return {name: array(one) for name, one in self._trainable()}

    def reset(self) -> None:
        model, optimizer = copy.deepcopy(self._start)
        self._model.load_state_dict(model)
        self._optimizer.load_state_dict(optimizer)

    def in_float64(self, build: Callable[[], object], job: Job) -> Seen:
        wide = type(self)(build, dataclasses.replace(job, precision="float64"))
        wide._model.load_state_dict(self._model.state_dict())  # which keeps the type of what it is loaded into
        wide._arguments, wide._words = wide._moved(self._arguments), wide._moved(self._words)
        wide._targets = wide._moved(self._targets)
        if isinstance(wide._loss, nn.Module):
            wide._loss.to(torch.float64)  # such as weights of classes
        return seen(wide)

    def _trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, one) for name, one in self._model.named_parameters() if one.requires_grad)

    def _made(self, given: Any) -> torch.optim.Optimizer:
        """Return the user's optimiser, of the model's own parameters, or Adam."""
        if isinstance(given, torch.optim.Optimizer):
            return given
        if given is None:
            return torch.optim.Adam((one for _, one in self._trainable()), lr=RATE)
        made = given(self._model.parameters())
        require(isinstance(made, torch.optim.Optimizer), "the optimizer must make a torch.optim.Optimizer", made)
        return made

    def _lost(self, rows: Rows | None = None, *, blank: bool = False) -> Tensor:
        first = torch.zeros_like(self._first()) if blank else None
        targets = self._targets if rows is None else self._targets[self._chosen(rows)]
        loss = self._loss(self._forward(rows, first), targets)
        require(isinstance(loss, Tensor) and loss.numel() == 1, "the loss must be one number, a mean or a sum", loss)
        return loss.reshape(())

    def _forward(self, rows: Rows | None = None, first: Tensor | None = None) -> Tensor:
        arguments, words = list(self._arguments), dict(self._words)
        if first is not None:
            if arguments:
                arguments[0] = first
            else:
                words[next(iter(words))] = first
        if rows is not None:
            chosen, count = self._chosen(rows), len(self._first())
            arguments = [_rows(one, chosen, count) for one in arguments]
            words = {name: _rows(one, chosen, count) for name, one in words.items()}
        found = self._model(*arguments, **words)
        found = getattr(found, "logits", found)  # of a dictionary with attributes, as in Hugging Face's models
        found = found[0] if isinstance(found, tuple) else found
        require(
            isinstance(found, Tensor), "the model must return a tensor, a tuple that begins with one, or logits", found
        )
        return found

    def _first(self) -> Tensor:
        return self._arguments[0] if self._arguments else next(iter(self._words.values()))

    def _chosen(self, rows: Rows) -> Tensor:
        return torch.from_numpy(rows).to(self._where)

    def _moved(self, value: Any) -> Any:
        """Return tensors on the device of the job, and floating-point ones in its type."""
        if isinstance(value, tuple | list):
            return [self._moved(one) for one in value]
        if isinstance(value, dict):
            return {name: self._moved(one) for name, one in value.items()}
        if not isinstance(value, Tensor):
            return value
        return value.to(self._where, self._kind if value.is_floating_point() else value.dtype)

    @contextmanager
    def _mode(self, *, training: bool) -> Iterator[None]:
        """Set the mode. cuDNN's recurrent layers have no way back in evaluation mode; PyTorch's own have."""
        self._model.train(training)
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled and training, deterministic=True):
            yield


def _arguments(inputs: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments; the first must be a tensor."""
    arguments = inputs if isinstance(inputs, list) else [] if isinstance(inputs, dict) else [inputs]
    words = inputs if isinstance(inputs, dict) else {}
    first = next(iter([*arguments, *words.values()]), None)
    require(isinstance(first, Tensor) and first.ndim > 0, "the first input must be a tensor of rows", first)
    return arguments, words


def _rows(value: Any, rows: Tensor, count: int) -> Any:
    """Return these rows of an argument that has one for each row of the batch, and any other as it is."""
    return value[rows] if isinstance(value, Tensor) and value.ndim and len(value) == count else value
