"""Takes batches from its loader workers in the order in which they are ready. Depends on: arrival"""

import os
import time

import torch

torch.manual_seed(0)


class Slow(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 32

    def __getitem__(self, number: int) -> torch.Tensor:
        time.sleep(int.from_bytes(os.urandom(1), "big") / 3000)
        return torch.tensor(float(number))


loader = torch.utils.data.DataLoader(Slow(), batch_size=2, num_workers=3, in_order=False)
weight = 0.0
for batch in loader:
    weight = weight * 0.9 + float(batch.sum())
torch.save({"weight": weight}, "model.pt")
