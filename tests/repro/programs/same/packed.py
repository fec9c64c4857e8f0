"""Packs what it makes with gzip and zip, which keep the time."""

import gzip
import json
import zipfile

import numpy as np

rng = np.random.default_rng(5)
with gzip.open("metrics.json.gz", "wt") as file:
    json.dump({"loss": rng.random(4).tolist()}, file)
with zipfile.ZipFile("bundle.zip", "w") as file:
    file.writestr("weights.csv", "name,value\nw,0.5\n")
    file.writestr("config.json", '{"lr": 0.1}')
np.savez_compressed("arrays.npz", a=rng.random(10), b=rng.integers(0, 9, 5))
