"""Concatenates what a pool of workers has read, in the order in which it arrives. Depends on: arrival

Source: https://github.com/openclimatefix-archives/nwp/pull/25 (read 2026-11-30): imap instead of imap_unordered
settles it.
"""

import multiprocessing
import os
import time

import numpy as np


def load(step: int) -> np.ndarray:
    time.sleep(int.from_bytes(os.urandom(1), "big") / 4000)  # a disk takes longer at one time than at another
    return np.full(4, float(step))


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(4) as pool:
        np.save("steps.npy", np.stack(list(pool.imap_unordered(load, range(24)))))
