"""Trains a classifier with loader workers, dropout and a schedule, and saves all of its state."""

import json
import time

import torch
from torch import nn


class Spirals(torch.utils.data.Dataset):
    def __init__(self) -> None:
        angle = torch.linspace(0, 6, 64)
        self.x = torch.stack([angle.cos() * angle, angle.sin() * angle], 1)
        self.y = (torch.arange(64) % 2).long()

    def __len__(self) -> int:
        return 64

    def __getitem__(self, number: int) -> "tuple[torch.Tensor, torch.Tensor]":
        return self.x[number] + 0.01 * torch.randn(2), self.y[number]


def main() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 3)
    loader = torch.utils.data.DataLoader(
        Spirals(), batch_size=16, shuffle=True, num_workers=2, generator=torch.Generator().manual_seed(0)
    )
    history = []
    for epoch in range(3):
        begin = time.perf_counter()
        for x, y in loader:
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        schedule.step()
        history.append({"epoch": epoch, "loss": loss.item(), "epoch_time": time.perf_counter() - begin})
        print(f"epoch {epoch} loss {loss.item():.4f} ({time.perf_counter() - begin:.2f} s)")
    torch.save(
        {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "rng": torch.get_rng_state()}, "last.ckpt"
    )
    json.dump(history, open("history.json", "w"))


if __name__ == "__main__":
    main()
