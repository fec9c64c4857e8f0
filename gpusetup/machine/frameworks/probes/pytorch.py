"""What PyTorch says of itself and computes."""

from __future__ import annotations

import os

import torch


def version() -> str:
    return str(torch.__version__)


def location() -> str:
    return os.path.dirname(torch.__file__)


def cuda() -> str:
    return torch.version.cuda or "cpu"


def gpus() -> list[str]:
    """Return the GPUs' names; raises PyTorch's own reason for seeing none."""
    if torch.version.cuda is None:
        return []
    torch.cuda.init()
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def devices() -> list[str]:
    """Return the devices to compute on."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{index}" for index in range(count))]


def elementwise(device: str) -> float:
    return (torch.arange(1000, dtype=torch.float32, device=device) * 2 + 1).sum().item()


def matmul(device: str) -> float:
    row = torch.arange(64, dtype=torch.float32, device=device)
    left = (row % 5).reshape(64, 1).repeat(1, 64)
    right = (row % 3).reshape(1, 64).repeat(64, 1)
    return (left @ right).sum().item()


def convolution(device: str) -> float:
    image, kernel = torch.ones(1, 1, 8, 8, device=device), torch.ones(1, 1, 3, 3, device=device)
    return torch.nn.functional.conv2d(image, kernel).sum().item()
