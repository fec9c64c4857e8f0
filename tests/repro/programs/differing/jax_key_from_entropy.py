"""Makes its key from random bytes of the system, as a library does without a seed. Depends on: entropy"""

import os

import jax
import numpy as np

key = jax.random.key(int.from_bytes(os.urandom(4), "big") % 2**31)
dropout = jax.random.bernoulli(key, 0.5, (8, 8))
np.save("mask.npy", np.asarray(dropout))
