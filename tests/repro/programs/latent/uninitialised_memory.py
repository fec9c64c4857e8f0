"""Adds into an array that nothing has written. Depends on: memory"""

import numpy as np

kept = [np.full(1000, float(number)) for number in range(50)]
del kept
total = np.empty(1000)
total += 1.0
np.save("total.npy", total)
