"""Draws the initial weights from NumPy's global generator. Depends on: numpy-random"""

import numpy as np

np.savez("model.npz", first=np.zeros(3), second=np.random.rand(2, 5))
