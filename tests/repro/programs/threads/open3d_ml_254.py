"""Seeds each loader worker from its number and the time. Depends on: clock

Source: https://github.com/isl-org/Open3D-ML/pull/254 (read 2026-11-30): the review says that int(time()) as a seed
makes the results irreproducible.
"""

import time

import numpy as np
import torch

torch.manual_seed(0)
np.random.seed(0)


class Points(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 24

    def __getitem__(self, number: int) -> torch.Tensor:
        return torch.tensor(np.random.rand(3) + number)


loader = torch.utils.data.DataLoader(
    Points(), batch_size=4, num_workers=2, worker_init_fn=lambda worker: np.random.seed(worker + int(time.time()))
)
torch.save({"mean": torch.stack([batch.mean(0) for batch in loader])}, "means.pt")
