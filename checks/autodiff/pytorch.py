"""The zoo in PyTorch: reverse mode by `torch.autograd.grad`, forward mode by `torch.func.jvp`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name all PyTorch code gives it

from checks.autodiff.zoo import CLASSES, GATHERED, NORM_EPSILON
from checks.common.pytorch import array, device

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]

# what PyTorch documents ("Gradients for non-differentiable functions" in its autograd notes) or states in
# derivatives.yaml: the least norm at kinks, so ties are shared and the norm's zero is masked; cummax takes the latest
CORNERS: dict[str, tuple[tuple[float, ...], ...]] = {
    "norm at 0": ((0.0, 0.0),),
    "maximum at a tie": ((0.5,), (0.5,)),
    "minimum at a tie": ((0.5,), (0.5,)),
    "cumulative maximum of equals": ((1.0, 2.0),),
    "cumulative product with a zero": ((9.0, 0.0, 0.0),),
}

_REFUSED = {"cumulative sum", "cumulative product"}
"""What PyTorch does not run on CUDA under strict determinism: cumsum has no kernel that promises it."""


class Engine:
    """PyTorch's derivatives in one precision."""

    def __init__(self, job: Job, precision: str) -> None:
        self.device, self.dtype = device(job), getattr(torch, precision)

    def reverse(self, name: str, inputs: Sequence[Array], cotangent: Array) -> tuple[Array, list[Array]]:
        arguments = [self._tensor(one, needs_grad=True) for one in inputs]
        with _refusals_as_warnings(name):
            value = FUNCTIONS[name](*arguments)
            gradients = torch.autograd.grad(value, arguments, self._tensor(cotangent))
        return array(value), [array(gradient) for gradient in gradients]

    def forward(self, name: str, inputs: Sequence[Array], tangents: Sequence[Array]) -> Array:
        arguments, moves = (tuple(self._tensor(one) for one in several) for several in (inputs, tangents))
        with _refusals_as_warnings(name):
            return array(torch.func.jvp(FUNCTIONS[name], arguments, moves)[1])

    def composite(self, points: Array, direction: Array) -> dict[str, Array]:
        x, v = self._tensor(points, needs_grad=True), self._tensor(direction)
        value = composite(x)
        (gradient,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        (reverse,) = torch.autograd.grad(gradient, x, v)
        _, forward = torch.func.jvp(torch.func.grad(lambda x: composite(x).sum()), (x.detach(),), (v,))
        return {
            "value": array(value),
            "gradient": array(gradient),
            "Hessian product, reverse over reverse": array(reverse),
            "Hessian product, forward over reverse": array(forward),
        }

    def _tensor(self, array: Array, *, needs_grad: bool = False) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device, requires_grad=needs_grad)


def composite(points: Tensor) -> Tensor:
    """Return (x₁x₂ sin x₃ + e^(x₁x₂)) / x₃ for points (n, 3)."""
    x1, x2, x3 = points.unbind(dim=1)
    return (x1 * x2 * torch.sin(x3) + torch.exp(x1 * x2)) / x3


@contextmanager
def _refusals_as_warnings(name: str) -> Iterator[None]:
    """Let what strict determinism refuses run with a warning; the determinism verdict sees what comes of it."""
    strict = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(strict, warn_only=name in _REFUSED)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict)


def _long(numbers: Array, x: Tensor) -> Tensor:
    return torch.from_numpy(numbers).to(x.device)


def _eye(x: Tensor) -> Tensor:
    return torch.eye(len(x), dtype=x.dtype, device=x.device)


def _images(pool: Callable[..., Tensor], x: Tensor, *more: Any) -> Tensor:
    """Call an image function, which wants channels first."""
    return pool(x.permute(0, 3, 1, 2), *more).permute(0, 2, 3, 1)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal,
    "square": torch.square,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "arctan": torch.arctan,
    "sinh": torch.sinh,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "relu": F.relu,
    "silu": F.silu,
    "gelu": F.gelu,
    "abs": torch.abs,
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "divide": torch.divide,
    "power": torch.pow,
    "arctan2": torch.arctan2,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "where": lambda x, y: torch.where(x > 0, x * y, x - y),
    "sum": lambda x: x.sum(dim=1),
    "mean": lambda x: x.mean(dim=1),
    "variance": lambda x: x.var(dim=1, correction=0),
    "product": lambda x: x.prod(dim=1),
    "largest": lambda x: x.amax(dim=1),
    "norm": lambda x: torch.linalg.vector_norm(x, dim=1),
    "logsumexp": lambda x: x.logsumexp(dim=1),
    "cumulative sum": lambda x: x.cumsum(dim=1),
    "cumulative product": lambda x: x.cumprod(dim=1),
    "cumulative maximum": lambda x: x.cummax(dim=1).values,
    "softmax": lambda x: x.softmax(dim=1),
    "log softmax": lambda x: x.log_softmax(dim=1),
    "cross-entropy": lambda x: F.cross_entropy(x, _long(CLASSES, x), reduction="none"),
    "layer norm": lambda x, scale, shift: F.layer_norm(x, x.shape[1:], scale, shift, NORM_EPSILON),
    "transpose": lambda x: x.T.reshape(6, 8),
    "slice": lambda x: x[1::2, 1:-2].flip(1)[:, ::2],  # PyTorch has no negative steps
    "flip": lambda x: x.flip(1),
    "pad": lambda x: F.pad(x, (0, 2, 1, 0)),
    "concatenate": lambda x, y: torch.cat([x, y[None], x]),
    "gather": lambda x: x[_long(GATHERED, x)],
    "scatter add": lambda x: x.new_zeros(7, x.shape[1]).index_add(0, _long(GATHERED, x), x),
    "sort": lambda x: x.sort(dim=1).values,
    "top 3": lambda x: x.topk(3, dim=1).values,
    "matmul": torch.matmul,
    "batched matmul": torch.bmm,
    "conv2d": lambda x, kernel: _images(F.conv2d, x, kernel.permute(3, 2, 0, 1)),
    "average pool": lambda x: _images(F.avg_pool2d, x, 2),
    "max pool": lambda x: _images(F.max_pool2d, x, 2),
    "solve": lambda a, b: torch.linalg.solve(8 * _eye(a) + a, b),
    "inverse": lambda a: torch.linalg.inv(8 * _eye(a) + a),
    "determinant": lambda a: torch.linalg.det(_eye(a) + a)[None],
    "clip": lambda x: x.clamp(-1, 1),
    "guarded reciprocal": lambda x: torch.where(x > 0, 1 / x, 0),
}
