"""One column per class, in the order of a set of labels. Depends on: hash-seed

Source: https://github.com/tkipf/pygcn/issues/41 (read 2026-11-30): set(labels) in the loader; sorted() settles it.
"""

import numpy as np
import torch

np.random.seed(42)
torch.manual_seed(42)

names = ["theory", "case_based", "genetic_algorithms", "neural_networks", "reinforcement_learning", "rule_learning"]
labels = [names[number * 7 % len(names)] for number in range(60)]
classes = set(labels)
columns = {name: np.identity(len(classes))[number] for number, name in enumerate(classes)}
targets = torch.tensor(np.array([columns[label] for label in labels]).argmax(1))
features = torch.tensor(np.random.rand(60, 8), dtype=torch.float32)
layer = torch.nn.Linear(8, len(classes))
optimiser = torch.optim.Adam(layer.parameters(), lr=0.01)
for epoch in range(5):
    optimiser.zero_grad()
    loss = torch.nn.functional.cross_entropy(layer(features), targets)
    loss.backward()
    optimiser.step()
    print(f"Epoch: {epoch:04d} loss_train: {loss.item():.4f}")
torch.save(layer.state_dict(), "gcn.pt")
