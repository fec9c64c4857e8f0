"""Several worker threads take sentences from a queue and train one matrix. Depends on: thread-switches

Source: https://github.com/piskvorky/gensim/issues/641 (read 2026-11-30): scheduling of the threads orders the updates;
one worker settles it.
"""

import queue
import threading

import numpy as np

rng = np.random.default_rng(128)
vectors = rng.normal(size=(50, 10)).astype(np.float32)
jobs: "queue.Queue[list[int] | None]" = queue.Queue(maxsize=8)


def worker() -> None:
    while (sentence := jobs.get()) is not None:
        for word in sentence:
            for context in sentence:
                step = 0.025 * (1.0 - vectors[word] @ vectors[context])
                vectors[word] += step * vectors[context]
                np.clip(vectors[word], -1, 1, out=vectors[word])


threads = [threading.Thread(target=worker) for _ in range(4)]
for thread in threads:
    thread.start()
for number in range(400):
    jobs.put([int(word) for word in rng.integers(0, 50, size=12)])
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
np.save("vectors.npy", vectors)
