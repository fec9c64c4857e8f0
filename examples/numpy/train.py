"""Train a perceptron with one hidden layer on two spirals, in NumPy alone."""

import json

import numpy as np

SEED = 0
STEPS = 300


def spirals(points=100):
    """Return points (200 × 3: x, y and 1) on two spirals, and the spiral of each."""
    angle = np.linspace(0.5, 2 * np.pi, points)
    arm = np.stack([angle * np.cos(angle), angle * np.sin(angle)], axis=1) / 6
    return np.column_stack([np.concatenate([arm, -arm]), np.ones(2 * points)]), np.repeat([0.0, 1.0], points)


def main():
    """Train, and save the weights and the accuracy."""
    rng = np.random.default_rng(SEED)
    points, spiral = spirals()
    hidden = rng.normal(size=(3, 32)) * 4
    output = rng.normal(size=32) / 4
    for _ in range(STEPS):
        active = np.tanh(points @ hidden)
        likely = 1 / (1 + np.exp(-active @ output))
        error = likely - spiral
        output -= 0.02 * active.T @ error
        hidden -= 0.02 * points.T @ (np.outer(error, output) * (1 - active**2))
    np.savez("weights.npz", hidden=hidden, output=output)
    with open("metrics.json", "w") as file:
        json.dump({"accuracy": float(np.mean((likely > 0.5) == spiral))}, file)


if __name__ == "__main__":
    main()
