"""Goes on from weights without the optimiser's momentum. Depends on: interruption"""

import os
import time

import numpy as np

weights, momentum, begin = np.zeros(3), np.zeros(3), 0
if os.path.exists("checkpoint.npz"):
    saved = np.load("checkpoint.npz")
    weights, begin = saved["weights"], int(saved["step"])
for step in range(begin, 12):
    gradient = weights - np.random.default_rng(step).normal(size=3)
    momentum = 0.9 * momentum + gradient
    weights = weights - 0.1 * momentum
    time.sleep(0.05)
    np.savez("next.npz", weights=weights, step=step + 1)
    os.replace("next.npz", "checkpoint.npz")
