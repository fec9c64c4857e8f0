"""A buffer is made by torch.empty, and a part of it is read before it is written. Depends on: memory

Source: https://github.com/pytorch/executorch/pull/6478 (read 2026-11-30): the buffer has what is left in memory;
torch.zeros settles it.
"""

import random

import torch

torch.manual_seed(0)
scratch = [torch.rand(512) * random.SystemRandom().random() for _ in range(40)]  # what was there before
del scratch
cache = torch.empty(8, 64)
cache[:5] = torch.rand(5, 64)
weights = torch.rand(64, 4)
torch.save({"logits": torch.nan_to_num(cache) @ weights}, "logits.pt")
