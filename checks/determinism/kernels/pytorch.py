"""PyTorch's kernels: of MKL, of oneDNN, and ATen's own vector code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from checks.common.pytorch import device
from checks.determinism.kernels import Array, Kernels, draw_matrix

if TYPE_CHECKING:
    from checks.common.job import Job


def _kernel(function: Callable[[Tensor], Tensor]) -> Callable[[Job, Array], Array]:
    def run(job: Job, rows: Array) -> Array:
        with torch.no_grad():
            return np.array(function(torch.from_numpy(rows).to(device(job))).cpu())

    return run


def _multiplied(job: Job, rows: Array) -> Array:
    return _kernel(lambda x: x @ torch.from_numpy(draw_matrix(job.seed)).to(x.device))(job, rows)


def _gru(x: Tensor) -> Tensor:
    layer = nn.GRU(64, 32, batch_first=True).to(x.device)
    for number, weight in enumerate(layer.parameters()):
        weight.fill_(2.0 ** -(4 + number))
    return layer(x.unflatten(1, (8, 64)))[1][0]


def _attention(x: Tensor) -> Tensor:
    heads = x.unflatten(1, (1, 16, 32))
    return F.scaled_dot_product_attention(heads, heads, heads).flatten(1)


kernels: Kernels = {"matmul": _multiplied} | {
    name: _kernel(function)
    for name, function in {
        "row sum": lambda x: x.sum(1),
        "softmax": lambda x: x.softmax(1),
        "layer_norm": lambda x: F.layer_norm(x, (x.shape[1],)),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "exp": torch.exp,
        "gelu": F.gelu,
        "GRU": _gru,
        "attention": _attention,
    }.items()
}
