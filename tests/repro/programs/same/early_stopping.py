"""Stops when the loss no longer falls, and keeps the best model under a name with its loss."""

import numpy as np

rng = np.random.default_rng(11)
x = rng.normal(size=(100, 5))
y = x @ np.arange(5.0) + rng.normal(size=100)
weights, best, patience = np.zeros(5), np.inf, 3
while patience:
    weights -= 0.05 * x[:80].T @ (x[:80] @ weights - y[:80]) / 80
    loss = float(((x[80:] @ weights - y[80:]) ** 2).mean())
    patience = 3 if loss < best - 1e-6 else patience - 1
    best = min(best, loss)
np.save(f"best-{best:.4f}.npy", weights)
