"""Sums in as many parts as there are threads. Depends on: threads"""

import os

import numpy as np

parts = 1 + 2 * len(os.sched_getaffinity(0))
x = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
np.save("sum.npy", np.float32(sum(part.sum() for part in np.array_split(x, parts))))
