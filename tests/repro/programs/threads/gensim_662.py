"""The first vector of a word is drawn from a seed that is a hash of it. Depends on: hash-seed

Source: https://github.com/piskvorky/gensim/issues/662 (read 2026-11-30): PYTHONHASHSEED settles it.
"""

import numpy as np

sentences = ["the county grand jury said friday", "the jury further said in term end presentments"]
words = sorted({word for sentence in sentences for word in sentence.split()})
seed = 42
vectors = {word: np.random.RandomState(hash(f"{word}{seed}") & 0xFFFFFFFF).rand(8) for word in words}
print("sum", vectors["the"].sum())
np.savez("vectors.npz", **vectors)
