"""Train on two spirals with Hugging Face Accelerate: its seed, its prepared loader, its checkpoint in safetensors."""

import json

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 0
EPOCHS = 10


def spirals(points=100):
    """Return points (200 × 2) on two spirals, and the spiral of each."""
    angle = torch.linspace(0.5, 2 * torch.pi, points)
    arm = torch.stack([angle * angle.cos(), angle * angle.sin()], dim=1) / 6
    return torch.cat([arm, -arm]), torch.arange(2).repeat_interleave(points)


def main():
    """Train, and save the weights and the loss."""
    set_seed(SEED)
    accelerator = Accelerator(cpu=True)
    model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    batches = DataLoader(TensorDataset(*spirals()), batch_size=32, shuffle=True)
    model, optimiser, batches = accelerator.prepare(model, optimiser, batches)
    for _ in range(EPOCHS):
        for points, spiral in batches:
            loss = nn.functional.cross_entropy(model(points), spiral)
            optimiser.zero_grad()
            accelerator.backward(loss)
            optimiser.step()
    accelerator.save_model(model, ".")
    with open("metrics.json", "w") as file:
        json.dump({"loss": loss.item()}, file)


if __name__ == "__main__":
    main()
