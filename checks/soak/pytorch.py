"""Full load in PyTorch: `torch.mm` into one buffer, and int32 tensors over the device's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from checks.common.pytorch import array, device
from checks.soak.bounds import card_blocks, host_blocks
from checks.soak.patterns import BLOCK

if TYPE_CHECKING:
    from checks.common.job import Job

Array = np.ndarray[Any, Any]


class Device:
    """Two matrices, their product, and blocks that stay where they are."""

    def __init__(self, left: Array, right: Array, job: Job) -> None:
        self.device = device(job)
        self.left, self.right = (torch.tensor(one, dtype=torch.float32, device=self.device) for one in (left, right))
        self.product = torch.empty_like(self.left)
        card = self.device.type == "cuda"
        count = card_blocks(torch.cuda.mem_get_info()[0]) if card else host_blocks(job.profile, job.minutes)
        self.memory = [torch.empty(BLOCK, dtype=torch.int32, device=self.device) for _ in range(count)]

    def multiply(self) -> Array:
        return array(torch.mm(self.left, self.right))

    def keep(self, product: Array) -> None:
        self.right_product = torch.from_numpy(product).to(self.device)

    def wrong(self) -> Array | None:
        torch.mm(self.left, self.right, out=self.product)
        return None if torch.equal(self.product, self.right_product) else array(self.product)

    def blocks(self) -> int:
        return len(self.memory)

    def fill(self, number: int, pattern: Array) -> None:
        self.memory[number].copy_(torch.from_numpy(pattern))

    def differs(self, number: int, pattern: Array) -> Array | None:
        same = torch.equal(self.memory[number], torch.from_numpy(pattern).to(self.device))
        return None if same else array(self.memory[number])
