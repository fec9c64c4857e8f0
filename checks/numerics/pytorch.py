"""PyTorch's functions, formats, copies and clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name all PyTorch code gives it

from checks.common.pytorch import device, refused, running_sum
from checks.numerics.products import Unavailable
from checks.numerics.products.pytorch import products as products  # noqa: PLC0414 - part of a backend

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.numerics.specials import Numbers

Array = np.ndarray[Any, Any]
OWN: dict[str, Numbers] = {}
DENORMALS = "kept"  # torch.set_flush_denormal is off by default


class Engine:
    """PyTorch on the device of the job."""

    def __init__(self, job: Job) -> None:
        self.device = device(job)

    def evaluate(self, name: str, *arrays: Array) -> Array:
        return np.array(FUNCTIONS[name](*(self._tensor(array) for array in arrays)).detach().cpu())

    def encode(self, values: Array, number_format: str) -> Array:
        there = self._tensor(values).to(getattr(torch, number_format))
        return np.array(there.view(_bits(there)).cpu())

    def decode(self, bits: Array, number_format: str) -> Array:
        dtype = getattr(torch, number_format)
        return np.array(self._tensor(bits).view(dtype).float().cpu())

    def to_device(self, array: Array) -> Tensor:
        return self._tensor(array)

    def copy(self, theirs: Tensor) -> Tensor:
        with unfilled():
            return theirs.clone()

    def views(self, theirs: Tensor) -> dict[str, Tensor]:
        return {
            "transposed": theirs.T.contiguous(),
            "every second column": theirs[:, ::2].contiguous(),
            "rows reversed": theirs.flip(0),
        }

    def to_host(self, theirs: Tensor) -> Array:
        return np.array(theirs.cpu())

    def product_timer(self, width: int, number_format: str) -> Callable[[], None]:
        factor = torch.ones(width, width, dtype=getattr(torch, number_format), device=self.device)

        def work() -> None:
            _ = factor @ factor
            if self.device.type == "cuda":
                torch.cuda.synchronize()

        return work

    def _tensor(self, array: Array) -> Tensor:
        return torch.tensor(array, device=self.device)


@contextmanager
def unfilled() -> Iterator[None]:
    """Leave new memory as it is: deterministic mode fills it first, and a copy would take half as long again."""
    before = torch.utils.deterministic.fill_uninitialized_memory
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = before


def _bits(there: Tensor) -> torch.dtype:
    return torch.uint16 if there.element_size() == 2 else torch.uint8


def _slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x.requires_grad_()
    return torch.autograd.grad(function(x).sum(), x)[0]


def _long_running_sum(x: Tensor) -> Tensor:
    """Return the running sum, of which deterministic mode has no form on a GPU before PyTorch 2.6."""
    try:
        return x.cumsum(dim=1)
    except RuntimeError as error:
        if not refused(error):
            raise
        raise Unavailable(str(error).partition(",")[0]) from error


def _cross_entropy(x: Tensor) -> Tensor:
    return F.cross_entropy(x, x.new_zeros(len(x), dtype=torch.long), reduction="sum")


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "softmax": lambda x: x.softmax(dim=1),
    "log softmax": lambda x: x.log_softmax(dim=1),
    "logsumexp": lambda x: x.logsumexp(dim=1),
    "slope of cross-entropy": lambda x: _slope(_cross_entropy, x),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "slope of softplus": lambda x: _slope(F.softplus, x),
    "expm1": torch.expm1,
    "log1p": torch.log1p,
    "norm": torch.linalg.vector_norm,
    "sum": lambda x: x.sum(dim=1),
    "mean": lambda x: x.mean(dim=1),
    "matmul": torch.matmul,
    "running sum": running_sum,
    "long running sum": _long_running_sum,
    "less itself": lambda x: x - x,
    "by itself": lambda x: x / x,
    "times zero": lambda x: x * 0,
    "is NaN": lambda x: torch.isnan(x).float(),
    "is finite": lambda x: torch.isfinite(x).float(),
    "there and back": lambda x, y: (x + y) - y,
    "variance": lambda x: x.var(dim=1, correction=0),
    "add": torch.add,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "largest": lambda x: x.amax(dim=1),
    "smallest": lambda x: x.amin(dim=1),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "relu": F.relu,
    "clip": lambda x: x.clamp(0, 1),
    "sort": lambda x: x.sort().values,
    "argmax": lambda x: x.argmax(dim=1),
    "sum of bfloat16 ones": lambda x: x.bfloat16().sum(dim=1).float(),
    "sum of float16 ones": lambda x: x.half().sum(dim=1).float(),
    "product of bfloat16 ones": lambda x: (x.bfloat16() @ x.bfloat16().T).float(),
    "product of float16 ones": lambda x: (x.half() @ x.half().T).float(),
}
