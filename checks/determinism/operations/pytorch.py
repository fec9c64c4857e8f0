"""PyTorch's operations that `torch.use_deterministic_algorithms` replaces or refuses, and some that it should."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from checks.common.draw import integers, uniform
from checks.common.pytorch import device
from checks.determinism.operations import Operations, Refused

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]
_MANY, _PLACES = 1 << 13, 64


class Inputs:
    """Drawn tensors on the device of the job."""

    def __init__(self, job: Job) -> None:
        self.where, self.seed = device(job), job.seed

    def numbers(self, *shape: int) -> Tensor:
        """Return numbers in [-1, 1) of which a gradient is wanted."""
        drawn = torch.from_numpy(uniform(self.seed, f"numbers {shape}", shape).astype(np.float32))
        return drawn.to(self.where).requires_grad_()

    def places(self, *shape: int) -> Tensor:
        """Return numbers from 0 to 63, many of them many times."""
        return torch.from_numpy(integers(self.seed, f"places {shape}", shape, bits=6)).to(self.where)


def _slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the gradient of Σ function(x)² / 2 by `x`."""
    result = function(x)
    return torch.autograd.grad(result, x, result.detach())[0]


def _plain(function: Callable[[Inputs], Tensor]) -> Callable[[Job], Sequence[Array]]:
    """Run `function` on the inputs of a job; a refusal by the switch is reported as such."""

    def run(job: Job) -> Sequence[Array]:
        try:
            return [np.array(function(Inputs(job)).detach().cpu())]
        except RuntimeError as error:
            if "deterministic" not in str(error):
                raise
            raise Refused(str(error)) from error

    return run


def _back(function: Callable[[Tensor], Tensor], *shape: int) -> Callable[[Job], Sequence[Array]]:
    """Take the slope of `function` by one tensor of `shape`."""
    return _plain(lambda inputs: _slope(function, inputs.numbers(*shape)))


def _zeros(inputs: Inputs) -> Tensor:
    return torch.zeros(_PLACES, device=inputs.where)


def _ctc(x: Tensor) -> Tensor:
    targets = torch.arange(40, device=x.device).reshape(4, 10) % 19 + 1
    lengths = torch.full((4,), 30), torch.full((4,), 10)
    return F.ctc_loss(x.log_softmax(-1), targets, *lengths)


def _unpool(inputs: Inputs) -> Tensor:
    pooled, places = F.max_pool2d(inputs.numbers(2, 4, 16, 16), 2, return_indices=True)
    return F.max_unpool2d(pooled, places, 2)


def _grid_sample(x: Tensor) -> Tensor:
    grid = torch.linspace(-1, 1, 2 * 24 * 24 * 2, device=x.device).reshape(2, 24, 24, 2).sin()
    return F.grid_sample(x, grid, align_corners=False)


_FORWARD: dict[str, Callable[[Inputs], Tensor]] = {
    "index_add": lambda i: _zeros(i).index_add(0, i.places(_MANY), i.numbers(_MANY)),
    "scatter_add": lambda i: _zeros(i).scatter_add(0, i.places(_MANY), i.numbers(_MANY)),
    "scatter_reduce prod": lambda i: _zeros(i).scatter_reduce(0, i.places(_MANY), 1 + i.numbers(_MANY) / 8, "prod"),
    "put_ accumulate": lambda i: _zeros(i).put_(i.places(_MANY), i.numbers(_MANY).detach(), accumulate=True),
    "put_": lambda i: _zeros(i).put_(i.places(_MANY), i.numbers(_MANY).detach()),
    "index_put accumulate": lambda i: _zeros(i).index_put((i.places(_MANY),), i.numbers(_MANY), accumulate=True),
    "index_copy": lambda i: _zeros(i).index_copy(0, i.places(_MANY), i.numbers(_MANY)),
    "bincount with weights": lambda i: torch.bincount(i.places(_MANY), i.numbers(_MANY).detach()),
    "histc": lambda i: torch.histc(i.numbers(_MANY).detach()),
    "cumsum": lambda i: i.numbers(_MANY).cumsum(0),
    "sum": lambda i: i.numbers(_MANY * 8).sum(),
    "median with indices": lambda i: i.places(4, 1000).float().median(dim=1).indices,
    "kthvalue": lambda i: i.places(4, 1000).float().kthvalue(500).indices,
    "max_unpool2d": _unpool,
}
_BACKWARD: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = {
    "gather": (lambda x: x.gather(0, torch.arange(_MANY, device=x.device) % _PLACES), (_PLACES,)),
    "index_select": (lambda x: x.index_select(0, torch.arange(_MANY, device=x.device) % _PLACES), (_PLACES,)),
    "repeat_interleave": (lambda x: x.repeat_interleave(100), (_PLACES,)),
    "embedding_bag max": (lambda x: F.embedding_bag(_bags(x), x, mode="max"), (_PLACES, 8)),
    "avg_pool3d": (lambda x: F.avg_pool3d(x, 3, stride=1), (1, 2, 8, 8, 8)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, 5), (2, 4, 16, 16)),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, 5), (2, 4, 16, 16)),
    "max_pool3d": (lambda x: F.max_pool3d(x, 3, stride=1), (1, 2, 8, 8, 8)),
    "interpolate bilinear": (lambda x: F.interpolate(x, scale_factor=2.5, mode="bilinear"), (2, 4, 9, 9)),
    "interpolate bicubic": (lambda x: F.interpolate(x, scale_factor=2.5, mode="bicubic"), (2, 4, 9, 9)),
    "interpolate trilinear": (lambda x: F.interpolate(x, scale_factor=2.5, mode="trilinear"), (1, 2, 5, 5, 5)),
    "interpolate nearest": (lambda x: F.interpolate(x, scale_factor=2.5), (2, 4, 9, 9)),
    "reflection_pad2d": (lambda x: F.pad(x, (3, 3, 3, 3), mode="reflect"), (2, 4, 9, 9)),
    "replication_pad2d": (lambda x: F.pad(x, (3, 3, 3, 3), mode="replicate"), (2, 4, 9, 9)),
    "nll_loss 2d": (lambda x: nn.NLLLoss()(x.log_softmax(1), x.argmin(1)), (2, 8, 9, 9)),
    "ctc_loss": (_ctc, (30, 4, 20)),
    "grid_sample": (_grid_sample, (2, 4, 9, 9)),
    "conv2d": (lambda x: F.conv2d(x, x[:, :, :3, :3]), (8, 8, 16, 16)),
    "layer_norm": (lambda x: F.layer_norm(x, (64,)), (128, 64)),
}


def _bags(table: Tensor) -> Tensor:
    return (torch.arange(1024, device=table.device) * 7 % _PLACES).reshape(64, 16)


operations: Operations = {name: _plain(function) for name, function in _FORWARD.items()} | {
    f"{name}, slope": _back(function, *shape) for name, (function, shape) in _BACKWARD.items()
}
