"""Adds to few places from many threads, atomically and in no order. Depends on: kernels"""

import torch

torch.manual_seed(0)
torch.set_num_threads(4)
places = torch.randint(0, 4, (400_000,))
values = torch.randn(400_000) * 1e3
total = torch.zeros(4).index_put_((places,), values, accumulate=True)
torch.save({"total": total}, "total.pt")
