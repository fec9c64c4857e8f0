"""Makes its key from the time. Depends on: clock"""

import time

import jax
import numpy as np

key = jax.random.PRNGKey(int(time.time() * 1000) % 2**31)
weights = jax.random.normal(key, (4, 3))
np.save("weights.npy", np.asarray(jax.nn.softmax(weights @ weights.T)))
