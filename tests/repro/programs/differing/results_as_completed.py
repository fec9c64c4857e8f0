"""Appends the features of each shard when it is ready. Depends on: arrival"""

import concurrent.futures
import os
import time

import numpy as np


def features(shard: int) -> np.ndarray:
    time.sleep(int.from_bytes(os.urandom(1), "big") / 5000)  # a shard is read as fast as its disk allows
    return np.full(3, shard, np.float32)


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    tasks = [pool.submit(features, shard) for shard in range(16)]
    np.save("features.npy", np.concatenate([task.result() for task in concurrent.futures.as_completed(tasks)]))
