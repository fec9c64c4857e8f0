"""Has two causes at once. Depends on: hash-seed numpy-random"""

import numpy as np

np.save("noise.npy", np.random.default_rng().random(8))
print(list({"learning_rate", "momentum", "weight_decay", "epochs", "batch_size"}))
