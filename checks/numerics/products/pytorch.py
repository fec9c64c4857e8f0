"""PyTorch's ways to multiply matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from checks.common.pytorch import device
from checks.numerics.products import FLOAT8_SUMS, Product, Unavailable, unavailable_without_kernel

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from checks.common.job import Job

Array = np.ndarray[Any, Any]


def products(job: Job) -> list[Product]:
    """Return products in every format, and those in float32 by every way that uses separate kernels."""
    where = device(job)
    ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "matmul": torch.matmul,
        "batched matmul": lambda a, b: torch.bmm(a.expand(2, -1, -1), b.expand(2, -1, -1))[1],
        "linear": lambda a, b: F.linear(a, b.T, torch.zeros(b.shape[1], device=where)),
        "convolution": _convolution,
    }
    plain = [Product(f"float32 {name}", _Run(where, torch.float32, way)) for name, way in ways.items()]
    return [
        *plain,
        Product("float32 matmul, TF32 allowed", _Run(where, torch.float32, torch.matmul, tf32), 11, holds=24),
        Product("float64 matmul", _Run(where, torch.float64, torch.matmul), 53, 1023, 53),
        Product("bfloat16 matmul", _Run(where, torch.bfloat16, torch.matmul), 8),
        Product("float16 matmul", _Run(where, torch.float16, torch.matmul), 11, 15),
        Product("float8_e4m3fn matmul", _Run(where, torch.float8_e4m3fn, _scaled), 4, 8, FLOAT8_SUMS, even=True),
    ]


class _Run:
    """A product in one format, under the switches that it is about."""

    def __init__(
        self,
        where: torch.device,
        dtype: torch.dtype,
        way: Callable[[Tensor, Tensor], Tensor],
        switches: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.where, self.dtype, self.way, self.switches = where, dtype, way, switches

    def __call__(self, left: Array, right: Array) -> Array:
        with self.switches(), unavailable_without_kernel(half=self.dtype.itemsize < 4):
            a, b = (torch.tensor(array).to(self.where, self.dtype) for array in (left, right))
            return np.array(self.way(a, b).double().cpu())


@contextmanager
def tf32() -> Iterator[None]:
    """Allow TF32, or what the CPU has instead."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _convolution(a: Tensor, b: Tensor) -> Tensor:
    """Return the product as a convolution of one pixel: channels are what is summed over."""
    return F.conv2d(a.T[None, :, :, None], b.T[:, :, None, None])[0, :, :, 0].T


def _scaled(a: Tensor, b: Tensor) -> Tensor:
    """Return the product of float8 numbers at scale one; the right one lies column by column, as cuBLAS wants."""
    one = torch.ones((), device=a.device)
    try:
        return torch._scaled_mm(a, b.T.contiguous().T, one, one, out_dtype=torch.bfloat16)
    except (RuntimeError, NotImplementedError) as error:
        raise Unavailable(str(error).partition("\n")[0]) from error
