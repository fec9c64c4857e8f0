"""Seeds NumPy's old global generator, which default_rng does not use. Depends on: numpy-random"""

import numpy as np

np.random.seed(0)
rng = np.random.default_rng()
np.save("weights.npy", rng.normal(size=(3, 4)).astype(np.float32))
