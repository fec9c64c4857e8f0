"""PyTorch's backends of scaled dot product attention, each forced to be the one that is used."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from checks.common.no_kernel import lacks_kernel
from checks.common.pytorch import array, device
from checks.transformer.attention import Attended, Kernel, Unavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from checks.common.job import Job
    from checks.transformer.attention import Case

Array = np.ndarray[Any, Any]

_NODES = {
    SDPBackend.MATH: "Math",
    SDPBackend.FLASH_ATTENTION: "Flash",
    SDPBackend.EFFICIENT_ATTENTION: "Efficient",
    SDPBackend.CUDNN_ATTENTION: "Cudnn",
}


def kernels(job: Job) -> list[Kernel]:
    """Return every backend of scaled dot product attention, and PyTorch's own choice, in float32 and in bfloat16."""
    backends: dict[str, SDPBackend | None] = {
        "PyTorch's choice": None,
        "math": SDPBackend.MATH,
        "flash": SDPBackend.FLASH_ATTENTION,
        "memory-efficient": SDPBackend.EFFICIENT_ATTENTION,
        "cuDNN": SDPBackend.CUDNN_ATTENTION,
    }
    return [
        Kernel(f"{name} {precision}", digits, _Attention(backend, dtype, device(job)))
        for name, backend in backends.items()
        for precision, digits, dtype in (("float32", 24, torch.float32), ("bfloat16", 8, torch.bfloat16))
    ]


class _Attention:
    """Attention by one backend and no other."""

    def __init__(self, backend: SDPBackend | None, dtype: torch.dtype, where: torch.device) -> None:
        self.backend, self.dtype, self.where = backend, dtype, where

    def __call__(self, case: Case) -> Attended:
        q, k, v = (self._tensor(array).requires_grad_() for array in (case.q, case.k, case.v))
        mask = torch.from_numpy(case.seen).to(self.where) if case.mask == "padding mask" else None
        with warnings.catch_warnings(record=True) as said, self._forced():
            warnings.simplefilter("always")
            try:
                result = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=case.mask == "causal mask")
                result.backward(self._tensor(case.slope))
            except RuntimeError as error:
                said_by = [str(warning.message) for warning in said]
                raise Unavailable(_reason(error, said_by, half=self.dtype.itemsize < 4)) from error
        ran = _ran(result)
        if self.backend is not None and ran != _NODES[self.backend]:
            raise RuntimeError(f"{self.backend} was asked for, {ran} ran")
        return Attended(tuple(array(tensor) for tensor in (result, q.grad, k.grad, v.grad)), ran)

    def _forced(self) -> AbstractContextManager[None]:
        return nullcontext() if self.backend is None else sdpa_kernel(self.backend)

    def _tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(array).to(self.where, self.dtype)


def _ran(result: Tensor) -> str:
    """Return which kernel made `result`: a fused one leaves a node of its own in the graph of the way back."""
    nodes, seen = [result.grad_fn], set[str]()
    while nodes:
        node = nodes.pop()
        seen.add(node.name())
        nodes += [further for further, _ in node.next_functions if further is not None]
    fused = [kernel for kernel in _NODES.values() if any(name.startswith(f"ScaledDotProduct{kernel}") for name in seen)]
    return fused[0] if fused else "Math"


def _reason(error: RuntimeError, said: list[str], *, half: bool) -> str:
    """Return PyTorch's own words; any other error than having no kernel is one."""
    if half and lacks_kernel(error):
        return str(error).partition("\n")[0]
    if "No available kernel" not in str(error) and "No viable backend" not in str(error):
        raise error
    return "; ".join(line.partition(" (Triggered")[0] for line in said) or "PyTorch has none on this device"
