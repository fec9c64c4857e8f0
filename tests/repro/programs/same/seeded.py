"""Seeds everything that it draws from."""

import json
import random
import time

import numpy as np

random.seed(0)
rng = np.random.default_rng(0)
weights = rng.normal(size=(4, 3)).astype(np.float32)
begin = time.time()
np.savez("model.npz", weights=weights)
json.dump({"loss": float(weights.sum()), "train_time": time.time() - begin}, open("metrics.json", "w"))
print(f"epoch 1 loss {weights.sum():.6f} in {time.time() - begin:.6f} s")
