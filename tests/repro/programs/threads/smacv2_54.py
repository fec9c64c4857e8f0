"""An environment makes its own generator without a seed. Depends on: numpy-random

Source: https://github.com/oxwhirl/smacv2/pull/54 (read 2026-11-30): default_rng() does not follow the global seed.
"""

import json
import random

import numpy as np

random.seed(1)
np.random.seed(1)


class Environment:
    def __init__(self, units: int) -> None:
        self.rng = np.random.default_rng()
        self.units = units

    def reset(self) -> np.ndarray:
        return self.rng.choice(["marine", "marauder", "medivac"], size=self.units, p=[0.45, 0.45, 0.1])


environment, rewards = Environment(10), []
for episode in range(20):
    units = environment.reset()
    rewards.append(float((units == "marine").sum() + np.random.rand()))
json.dump({"reward": rewards}, open("episodes.json", "w"))
