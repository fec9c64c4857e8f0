"""A pipeline of augmentations has generators of its own, with no seed by default. Depends on: numpy-random python-random

Source: https://github.com/albumentations-team/albumentations/issues/2332 (read 2026-11-30): random.seed and
np.random.seed have no effect since they do; Compose(seed=…) settles it.
"""

import random

import numpy as np

random.seed(42)
np.random.seed(42)


class Compose:
    def __init__(self, seed: "int | None" = None) -> None:
        self.random_generator = np.random.default_rng(seed)
        self.py_random = random.Random(seed)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        if self.py_random.random() < 0.5:
            image = image[:, ::-1]
        return image + self.random_generator.normal(0, 0.1, image.shape)


transform, images = Compose(), np.random.rand(16, 8, 8)
np.save("augmented.npy", np.stack([transform(image) for image in images]))
