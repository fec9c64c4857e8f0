"""Train a small network on two spirals: batches in a random order, dropout, a checkpoint at the end."""

import json

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 0
EPOCHS = 15


def spirals(points=100):
    """Return points (200 × 2) on two spirals, and the spiral of each."""
    angle = torch.linspace(0.5, 2 * torch.pi, points)
    arm = torch.stack([angle * angle.cos(), angle * angle.sin()], dim=1) / 6
    return torch.cat([arm, -arm]), torch.arange(2).repeat_interleave(points)


def build():
    """Return the network."""
    return nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def train(seed=SEED, epochs=EPOCHS):
    """Return the trained network, and the mean loss of its last epoch."""
    torch.manual_seed(seed)
    model = build()
    batches = DataLoader(TensorDataset(*spirals()), batch_size=32, shuffle=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        losses = []
        for points, spiral in batches:
            loss = nn.functional.cross_entropy(model(points), spiral)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return model, sum(losses) / len(losses)


def main():
    """Train, and save the weights and the loss."""
    model, loss = train()
    torch.save(model.state_dict(), "model.pt")
    with open("metrics.json", "w") as file:
        json.dump({"loss": loss}, file)


if __name__ == "__main__":
    main()
