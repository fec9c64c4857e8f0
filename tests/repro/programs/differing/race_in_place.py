"""Threads add to one running mean in place. Depends on: thread-switches"""

import threading

import numpy as np

mean = np.zeros(4)
values = np.random.default_rng(0).random((4, 20000, 4))


def update(part: int) -> None:
    for value in values[part]:
        mean[:] = mean * 0.99 + value * 0.01


threads = [threading.Thread(target=update, args=(part,)) for part in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
np.save("mean.npy", mean)
